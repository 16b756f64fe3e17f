import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Packages whose code is inside the bundle, as its source map names them. */
const PACKAGES = [
  "@segment/analytics-next",
  "@segment/analytics-core",
  "@segment/analytics-generic-utils",
  "@segment/analytics-page-tools",
  "@segment/facade",
  "@segment/isodate",
  "@segment/isodate-traverse",
  "@lukeed/uuid",
  "dset",
  "inherits",
  "js-cookie",
  "new-date",
  "obj-case",
  "tslib",
  "unfetch",
] as const;

const LICENCE_FILE = /^licen[cs]e(?:\.(?:md|txt))?$/i;

/** The licences of everything in the bundle, one behind the other. */
export async function licenceTexts(nodeModules: string): Promise<string> {
  const texts = await Promise.all(PACKAGES.map((name) => licenceOf(nodeModules, name)));
  return texts.join("\n\n");
}

async function licenceOf(nodeModules: string, name: string): Promise<string> {
  const folder = join(nodeModules, name);
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly version: string;
    readonly license?: string;
  };
  const file = (await readdir(folder)).find((entry) => LICENCE_FILE.test(entry));
  const text =
    file === undefined
      ? `Licence: ${manifest.license ?? "not named"}`
      : await readFile(join(folder, file), "utf8");
  return `${"=".repeat(8)} ${name} ${manifest.version}\n\n${text.trim()}\n`;
}
