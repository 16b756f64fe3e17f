import { createHash } from "node:crypto";
import { Liquid, type Template } from "liquidjs";

import { err, ok, type Result } from "../../core/result.ts";

/** Characters that one template may be, and may make. */
const PARSE_CHARS_MAX = 20_000;
const MEMORY_MAX = 1_000_000;
const RENDER_MS_MAX = 100;

/** Tags that would read another template, of which there is none. */
const NO_TAGS = ["include", "render", "layout", "block"];

/** The only variable of a template. */
const RECORD = "record";

/** A template made ready. It is interpreted: nothing of it ever becomes code. */
export type ReadyTemplate = {
  /** The columns it reads; all of them when it uses the record as a whole. */
  readonly columns: readonly string[] | "all";
  /** What it makes of a row's values, or why it cannot, in words that quote no value. */
  render(record: Readonly<Record<string, unknown>>): Result<string, string>;
};

/** Reads a template strictly: what it does not know it refuses. */
export function readTemplate(text: string): Result<ReadyTemplate, string> {
  const liquid = engine();
  let parsed: Template[];
  let used: readonly (readonly unknown[])[];
  try {
    parsed = liquid.parse(text);
    used = liquid.globalVariableSegmentsSync(parsed);
  } catch {
    return err("it is no Liquid template, or uses a tag or filter that is not offered");
  }
  const columns = new Set<string>();
  let usesAll = false;
  for (const [variable, column] of used) {
    if (variable !== RECORD) return err("it uses a variable other than record");
    if (typeof column === "string") columns.add(column);
    else usesAll = true;
  }
  return ok({
    columns: usesAll ? "all" : [...columns],
    render: (record) => {
      try {
        return ok(String(liquid.renderSync(parsed, { [RECORD]: record })));
      } catch {
        return err("the template could not be rendered for this row");
      }
    },
  });
}

let shared: Liquid | undefined;

/** One engine for all templates: it keeps nothing of them. */
function engine(): Liquid {
  if (shared !== undefined) return shared;
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    timezoneOffset: 0,
    parseLimit: PARSE_CHARS_MAX,
    memoryLimit: MEMORY_MAX,
    renderLimit: RENDER_MS_MAX,
    // There are no files to read templates from.
    templates: {},
  });
  for (const tag of NO_TAGS) delete liquid.tags[tag];
  liquid.registerFilter("json", (value: unknown) => JSON.stringify(value ?? null));
  liquid.registerFilter("keys", (value: unknown) => Object.keys(objectOf(value)));
  liquid.registerFilter("only", (value: unknown, ...names: unknown[]) =>
    Object.fromEntries(Object.entries(objectOf(value)).filter(([name]) => names.includes(name))),
  );
  liquid.registerFilter("except", (value: unknown, ...names: unknown[]) =>
    Object.fromEntries(Object.entries(objectOf(value)).filter(([name]) => !names.includes(name))),
  );
  liquid.registerFilter("sha256", (value: unknown) =>
    createHash("sha256").update(textOf(value)).digest("hex"),
  );
  liquid.registerFilter("base64", (value: unknown) => base64(textOf(value)));
  shared = liquid;
  return liquid;
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number);
}

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
