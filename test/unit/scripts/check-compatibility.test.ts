import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

const DOCUMENT = readFileSync("docs/segment-compatibility.md", "utf8");
const SYNCS = readFileSync("docs/syncs.md", "utf8");
const folder = mkdtempSync(join(tmpdir(), "homeport-compatibility-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** How the check ends over those texts. */
function statusOf(document: string, syncs = SYNCS): number | null {
  const paths = [join(folder, "document.md"), join(folder, "syncs.md")] as const;
  writeFileSync(paths[0], document);
  writeFileSync(paths[1], syncs);
  return spawnSync(process.execPath, ["scripts/check-compatibility.ts", ...paths]).status;
}

describe("scripts/check-compatibility.ts", () => {
  it("passes over the documents", () => {
    expect(statusOf(DOCUMENT)).toBe(0);
  });

  it.each<[string, (document: string) => string]>([
    ["a box is missing", (text) => text.replace(/^\| ingest-07 .*\n/m, "")],
    ["a box of the settings is missing", (text) => text.replace(/^\| settings-03 .*\n/m, "")],
    ["a box of the region is missing", (text) => text.replace(/^\| region-01 .*\n/m, "")],
    ["a box names no test", (text) => text.replace(/^(\| ingest-07 \|[^|]*\|).*$/m, "$1 |")],
    ["a test does not exist", (text) => text.replace("› `may be gzip`", "› `may be zip`")],
    ["a test's file does not exist", (text) => text.replace("/body.test.ts", "/bodies.test.ts")],
    ["a code is missing", (text) => text.replace("| `wrong_region` |", "| |")],
  ])("fails when %s", (_title, plant) => {
    expect(statusOf(plant(DOCUMENT))).toBe(1);
  });

  it.each<[string, (document: string) => string]>([
    ["a box of the engine is missing", (text) => text.replace(/^\| sync-engine-13 .*\n/m, "")],
    ["a box of the mapping is missing", (text) => text.replace(/^\| sync-mapping-02 .*\n/m, "")],
    ["a box of the API is missing", (text) => text.replace(/^\| sync-api-06 .*\n/m, "")],
    ["a box of the region is missing", (text) => text.replace(/^\| sync-region-07 .*\n/m, "")],
    ["a box names no test", (text) => text.replace(/^(\| sync-api-05 \|[^|]*\|).*$/m, "$1 |")],
    ["a test does not exist", (text) => text.replace("› `takes away what is gone", "› `gone")],
    ["a test's file does not exist", (text) => text.replace("/table-to-table.test.ts", "/t.ts")],
  ])("fails when of syncs %s", (_title, plant) => {
    expect(statusOf(DOCUMENT, plant(SYNCS))).toBe(1);
  });

  it.each(["not offered, because", "not offered yet, because"])("takes a box that is %s", (why) => {
    const document = DOCUMENT.replace(/^(\| ingest-07 \|[^|]*\|).*$/m, `$1 ${why} it is a test |`);

    expect(statusOf(document)).toBe(0);
  });
});
