import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

const DOCUMENT = readFileSync("docs/segment-compatibility.md", "utf8");
const folder = mkdtempSync(join(tmpdir(), "homeport-compatibility-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** How the check ends over that text. */
function statusOf(document: string): number | null {
  const path = join(folder, "document.md");
  writeFileSync(path, document);
  return spawnSync(process.execPath, ["scripts/check-compatibility.ts", path]).status;
}

describe("scripts/check-compatibility.ts", () => {
  it("passes over the document", () => {
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

  it.each(["not offered, because", "not offered yet, because"])("takes a box that is %s", (why) => {
    const document = DOCUMENT.replace(/^(\| ingest-07 \|[^|]*\|).*$/m, `$1 ${why} it is a test |`);

    expect(statusOf(document)).toBe(0);
  });
});
