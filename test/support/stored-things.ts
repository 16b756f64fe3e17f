import type { SourceFiles } from "./architecture/source-files.ts";

/** A table by the object that has it, as the documents name both: `IngestQueue log_<n>`. */
export type StoredThing = string;

const EVERY_OBJECT = "Every object";

/** Code of ours that makes tables for one object, besides the objects' own schema files. */
const MAKERS: readonly (readonly [folder: string, object: string])[] = [
  ["src/ingest/queue/", "IngestQueue"],
  ["durable-objects/storage/migrate.ts", EVERY_OBJECT],
  ["durable-objects/storage/tombstone.ts", "Workspace"],
  ["durable-objects/storage/sync-state-table.ts", "Sync"],
  ["durable-objects/storage/sync-spill-table.ts", "Sync"],
  ["durable-objects/storage/workspace-", "Workspace"],
  ["src/deliver/postgres/", "Warehouse"],
  ["src/sync/report/source-log.ts", "SourceDatabase"],
];

/** Tables of a customer's database are called as its events are. */
const ANY_NAMES: readonly string[] = ["Warehouse"];

const CREATE = /\bCREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\$\{|[\w".]+)/g;
/** A text that is nothing but a name with numbers in it: `log_${id}`. */
const NUMBERED = /`([a-z][a-z_]*(?:\$\{[^`]*?\}[a-z_]*)+)`/g;

/** Every table that the files make. Numbers in a name read `<n>`. */
export function tablesMade(files: SourceFiles): readonly StoredThing[] {
  const found = new Set<StoredThing>();
  for (const [path, text] of files) {
    for (const [, name = ""] of text.matchAll(CREATE)) {
      const object = objectOf(path);
      if (ANY_NAMES.includes(object)) {
        found.add(`${object} <any>`);
        continue;
      }
      const names = name === "${" ? numberedNames(text) : [name.replaceAll('"', "")];
      for (const each of names.length > 0 ? names : ["<unknown>"]) found.add(`${object} ${each}`);
    }
  }
  return [...found].toSorted();
}

function numberedNames(text: string): readonly string[] {
  return Array.from(text.matchAll(NUMBERED), ([, name = ""]) =>
    name.replaceAll(/\$\{[^`]*?\}/g, "<n>"),
  );
}

function objectOf(path: string): string {
  const maker = MAKERS.find(([folder]) => path.startsWith(folder))?.[1];
  if (maker !== undefined) return maker;
  const schema = /([a-z-]+)\.schema\.ts$/.exec(path)?.[1];
  if (schema === undefined) return path;
  return schema.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Where the paths of URLs are, which look like keys of objects. */
const NO_KEYS = ["src/ingest/paths.ts", "src/api/"];
const PREFIX = /[`"]([a-z0-9][a-z0-9-]*\/)(?:\$\{|[`"])/g;

/** Every prefix under which the files name objects of a bucket. */
export function prefixesUsed(files: SourceFiles): readonly string[] {
  const found = new Set<string>();
  for (const [path, text] of files) {
    if (NO_KEYS.some((folder) => path.startsWith(folder))) continue;
    for (const [, prefix = ""] of text.matchAll(PREFIX)) found.add(prefix);
  }
  return [...found].toSorted();
}

/** The first cells of the tables below each `## ` heading, as `<heading> <cell>`. */
export function rowsListed(markdown: string): readonly StoredThing[] {
  return sectionsOf(markdown).flatMap(({ heading, body }) =>
    Array.from(body.matchAll(/^\| `([^`]+)` \|/gm), ([, cell = ""]) => `${heading} ${cell}`),
  );
}

/** The `### ` headings below each `## ` heading, as `<heading> <name>`. */
export function headingsListed(markdown: string): readonly StoredThing[] {
  return sectionsOf(markdown).flatMap(({ heading, body }) =>
    Array.from(body.matchAll(/^### `([^`]+)`$/gm), ([, name = ""]) => `${heading} ${name}`),
  );
}

function sectionsOf(markdown: string): readonly { heading: string; body: string }[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return { heading: section.slice(0, end).trim(), body: section.slice(end) };
    });
}
