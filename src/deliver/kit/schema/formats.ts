import { fullFormats } from "ajv-formats/dist/formats";

/** A format as Ajv takes it: everything, a pattern, a function, or one of those with more around. */
export type Format =
  | boolean
  | RegExp
  | ((text: string) => boolean)
  | { readonly validate: boolean | RegExp | ((text: string) => boolean) };

type Formats = { addFormat(name: string, format: Format): unknown };

/** Formats that schemas of the kit may ask for, besides those that the kit adds itself. */
export const FORMAT_NAMES: readonly string[] = Object.keys(fullFormats);

/** Stands for `ajv-formats` in the kit: the same formats, without the keywords that it adds to Ajv. */
export function addFormats<T extends Formats>(ajv: T): T {
  for (const [name, format] of Object.entries(fullFormats)) {
    if (isFormat(format)) ajv.addFormat(name, format);
  }
  return ajv;
}

function isFormat(format: unknown): format is Format {
  if (typeof format === "boolean" || typeof format === "function") return true;
  if (format instanceof RegExp) return true;
  return typeof format === "object" && format !== null && "validate" in format;
}
