import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { readSourceFiles } from "../support/architecture/source-files.ts";
import { headingsListed, prefixesUsed, rowsListed, tablesMade } from "../support/stored-things.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PRODUCT = readSourceFiles(ROOT, ["src", "durable-objects"]);
const DATA_MAP = readFileSync(join(ROOT, "docs/data-map.md"), "utf8");
const DATA_MODEL = readFileSync(join(ROOT, "docs/data-model.md"), "utf8");

function isTable(listed: string): boolean {
  return !listed.startsWith("S3 ");
}

describe("docs/data-map.md", () => {
  it("lists every table of every object, and no other", () => {
    expect(rowsListed(DATA_MAP).filter(isTable).toSorted()).toEqual(tablesMade(PRODUCT));
  });

  it("lists every prefix of the buckets, and no other", () => {
    const listed = rowsListed(DATA_MAP).filter((each) => !isTable(each));

    expect(listed.toSorted()).toEqual(prefixesUsed(PRODUCT).map((prefix) => `S3 ${prefix}`));
  });

  it("says of each thing what it holds, where, how long, and how it is erased", () => {
    const rows = DATA_MAP.split("\n").filter((line) => line.startsWith("| `"));

    expect(rows.filter((row) => !/^\|(?: [^|]+ \|){5}$/.test(row))).toEqual([]);
  });
});

describe("docs/data-model.md", () => {
  it("shows every table of every object, and no other", () => {
    expect(headingsListed(DATA_MODEL).toSorted()).toEqual(tablesMade(PRODUCT));
  });

  it("shows the prefixes of the buckets", () => {
    for (const prefix of prefixesUsed(PRODUCT)) expect(DATA_MODEL).toContain(`\`${prefix}`);
  });
});

describe("tablesMade()", () => {
  it.each([
    ["durable-objects/storage/archive.schema.ts", "sql: `CREATE TABLE notes (", "Archive notes"],
    ["src/ingest/queue/a.ts", "`CREATE TABLE IF NOT EXISTS notes (`", "IngestQueue notes"],
    [
      "src/ingest/queue/a.ts",
      "const t = `note_${id}_x`; `CREATE TABLE ${t}`",
      "IngestQueue note_<n>_x",
    ],
    ["src/ingest/queue/a.ts", "`CREATE TABLE ${name(of)} (`", "IngestQueue <unknown>"],
    ["src/elsewhere/a.ts", "`CREATE TABLE notes`", "src/elsewhere/a.ts notes"],
  ])("finds in %s the table of %j", (path, text, wanted) => {
    expect(tablesMade(new Map([[path, text]]))).toEqual([wanted]);
  });
});

describe("prefixesUsed()", () => {
  it.each(["const key = `dead-letters/${id}`;", 'const PREFIX = "dead-letters/";'])(
    "finds the prefix in %j",
    (text) => {
      expect(prefixesUsed(new Map([["src/deliver/a.ts", text]]))).toEqual(["dead-letters/"]);
    },
  );
});
