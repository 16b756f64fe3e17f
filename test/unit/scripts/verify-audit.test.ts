import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { checkHeadFiles, extensionProblem } from "../../../scripts/audit/compare.ts";
import { readExport, type AuditExport } from "../../../scripts/audit/read-export.ts";
import { headLine } from "../../../src/workspace/audit-export.ts";
import {
  DAY_MS,
  exportOf,
  extend,
  headOf,
  newChain,
  START_MS,
  withDay,
  type TestChain,
} from "../../support/audit-chain.ts";

const SOURCE_FACTS = ["source.create", "source.update", "config.export"].map((action) => ({
  action,
  fields: ["name"],
}));

let older: TestChain;
let newer: TestChain;
let olderText: string;
let newerText: string;

beforeAll(async () => {
  older = await withDay(extend(await newChain(), SOURCE_FACTS), 0);
  newer = await withDay(extend(older, SOURCE_FACTS), 1);
  olderText = await exportOf(older);
  newerText = await exportOf(newer, START_MS + 2 * DAY_MS);
});

async function problemOf(text: string | Uint8Array): Promise<string | undefined> {
  const read = await readExport(typeof text === "string" ? new TextEncoder().encode(text) : text);
  return read.ok ? undefined : read.error;
}

async function read(text: string): Promise<AuditExport> {
  const done = await readExport(new TextEncoder().encode(text));
  if (!done.ok) throw new Error(done.error);
  return done.value;
}

/** The text with its lines changed by `change`. */
function withLines(text: string, change: (lines: string[]) => string[]): string {
  return `${change(text.slice(0, -1).split("\n")).join("\n")}\n`;
}

describe("readExport()", () => {
  it("accepts what an export gives", async () => {
    expect(await problemOf(newerText)).toBeUndefined();
  });

  it("refuses the export after any one of its bytes was changed", async () => {
    const bytes = new TextEncoder().encode(olderText);
    const accepted: number[] = [];
    for (const at of bytes.keys()) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      if ((await problemOf(changed)) === undefined) accepted.push(at);
    }

    expect(accepted).toEqual([]);
  });

  it("refuses the export after any one of its bytes was taken out", async () => {
    const bytes = new TextEncoder().encode(olderText);
    const accepted: number[] = [];
    for (const at of bytes.keys()) {
      const rest = bytes.filter((_, i) => i !== at);
      if ((await problemOf(rest)) === undefined) accepted.push(at);
    }

    expect(accepted).toEqual([]);
  });

  it("says which entry was changed", async () => {
    const text = olderText.replace('"action":"source.update"', '"action":"source.delete"');

    expect(await problemOf(text)).toContain("entry 4 (line 5) does not follow");
  });

  it("says that entries are missing at the end", async () => {
    const text = withLines(olderText, (lines) => lines.toSpliced(4, 2));

    expect(await problemOf(text)).toBe(
      "the export ends after entry 3, and its head says 5: it was cut",
    );
  });

  it("refuses two entries that changed places", async () => {
    const text = withLines(olderText, (lines) =>
      lines.with(3, lines[4] ?? "").with(4, lines[3] ?? ""),
    );

    expect(await problemOf(text)).toContain("entry 3 (line 4) does not follow");
  });

  it("refuses a chain whose head another key signed", async () => {
    const { key } = await newChain();

    expect(await problemOf(await exportOf({ ...older, key }))).toBe(
      "the head's public key is not the one that the chain names",
    );
  });

  it("refuses a head that names the right key and was signed with another", async () => {
    const { key } = await newChain();
    const forged = { publicKey: older.key.publicKey, privateKey: key.privateKey };

    expect(await problemOf(await exportOf({ ...older, key: forged }))).toBe(
      "the head is not signed with the key that it names",
    );
  });

  it("refuses the head of a day that does not lie on the chain", async () => {
    const other = extend({ ...older, entries: older.entries.slice(0, 2) }, SOURCE_FACTS.slice(1));
    const stray = await headOf(other, START_MS + DAY_MS);

    expect(await problemOf(await exportOf({ ...older, days: [...older.days, stray] }))).toContain(
      "the head of 2026-11-23 (line 8) has another hash than entry 4",
    );
  });
});

describe("extensionProblem()", () => {
  it("accepts a newer export that extends the older", async () => {
    expect(extensionProblem(await read(olderText), await read(newerText))).toBeUndefined();
  });

  it("accepts the same chain again", async () => {
    expect(extensionProblem(await read(olderText), await read(olderText))).toBeUndefined();
  });

  it("refuses a newer export that was cut and signed anew", async () => {
    const cut = await exportOf({ ...older, entries: older.entries.slice(0, 4), days: [] });

    expect(extensionProblem(await read(olderText), await read(cut))).toContain(
      "ends at entry 4, the older at entry 5",
    );
  });

  it("refuses a newer export that was rewritten and signed anew, and says from where", async () => {
    const begun = { ...older, entries: older.entries.slice(0, 3), days: [] };
    const rewritten = await exportOf(extend(begun, [...SOURCE_FACTS, ...SOURCE_FACTS]));

    expect(extensionProblem(await read(olderText), await read(rewritten))).toContain(
      "entry 4 is not the one of the older export",
    );
  });

  it("refuses a chain that was made anew with another key", async () => {
    const other = await exportOf(extend(await newChain(), [...SOURCE_FACTS, ...SOURCE_FACTS]));

    expect(extensionProblem(await read(olderText), await read(other))).toContain("another key");
  });

  it("refuses a newer export that lost the head of a day", async () => {
    const lost = await exportOf({ ...newer, days: newer.days.slice(1) });

    expect(extensionProblem(await read(olderText), await read(lost))).toContain(
      "the head of 2026-11-22 is in the older export and not in the newer",
    );
  });
});

describe("checkHeadFiles()", () => {
  const fileOf = async (chain: TestChain, day: number) => ({
    name: `${day}.json`,
    text: headLine(await headOf(chain, START_MS + day * DAY_MS)),
  });

  it("accepts files of heads that the chain went through", async () => {
    const files = [await fileOf(older, 0), await fileOf(newer, 1)];

    expect((await checkHeadFiles(await read(newerText), files)).problems).toEqual([]);
  });

  it("finds a head that the chain no longer goes through", async () => {
    const before = extend({ ...older, entries: older.entries.slice(0, 3) }, SOURCE_FACTS);
    const verdict = await checkHeadFiles(await read(newerText), [await fileOf(before, 0)]);

    expect(verdict.problems).toEqual(["0.json has another hash than entry 6"]);
  });

  it("finds a file that was changed", async () => {
    const { name, text } = await fileOf(older, 0);
    const changed = { name, text: text.replace('"seq":5', '"seq":4') };

    expect((await checkHeadFiles(await read(newerText), [changed])).problems).toHaveLength(1);
  });

  it("finds that there is no file, which would hold of any chain", async () => {
    expect((await checkHeadFiles(await read(newerText), [])).problems).toHaveLength(1);
  });

  it("names the days in between of which there is no file", async () => {
    const files = [await fileOf(older, 0), await fileOf(newer, 3)];

    expect((await checkHeadFiles(await read(newerText), files)).daysMissing).toEqual([
      "2026-11-23",
      "2026-11-24",
    ]);
  });
});

describe("scripts/verify-audit.ts", () => {
  const SCRIPT = fileURLToPath(new URL("../../../scripts/verify-audit.ts", import.meta.url));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "verify-audit-"));
    writeFileSync(join(folder, "old.ndjson"), olderText);
    writeFileSync(join(folder, "new.ndjson"), newerText);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function run(...files: readonly string[]): Promise<{ code: number; said: string }> {
    const paths = files.map((file) => join(folder, file));
    return promisify(execFile)(process.execPath, [SCRIPT, ...paths]).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
    );
  }

  it("ends with 0 and says so when the newer extends the older", async () => {
    expect(await run("old.ndjson", "new.ndjson")).toEqual({
      code: 0,
      said: expect.stringContaining("The newer extends the older by 3 entries.\nRIGHT"),
    });
  });

  it("ends with 1 and names what is wrong when they are in the wrong order", async () => {
    expect(await run("new.ndjson", "old.ndjson")).toEqual({
      code: 1,
      said: expect.stringContaining("WRONG: the newer export ends at entry 5"),
    });
  });

  it("ends with 2 when it is told no file", async () => {
    expect((await run()).code).toBe(2);
  });
});
