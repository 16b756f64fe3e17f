import { describe, expect, it } from "vitest";
import { Deduplication } from "../../../../../src/ingest/queue/dedup/deduplication.ts";
import { FilterAccount } from "../../../../../src/ingest/queue/dedup/filter-account.ts";
import { NodeStorage } from "../../../../support/node-storage.ts";
import { printsOf, range } from "../../../../support/prints.ts";

const IDS = 600;
const WORD_MAX = 2 ** 32 - 1;

/** A run of these ids, all in one page, without a filter: every lookup reads it. */
function packed(prints: Uint8Array): { storage: NodeStorage; subject: Deduplication } {
  const storage = new NodeStorage();
  const filters = new FilterAccount(0);
  const subject = new Deduplication(storage, { windowMs: 1000, filters });
  subject.load(0);
  for (let i = 0; i < prints.length / 16; i++) subject.add(prints, i, 1);
  storage.transactionSync(() => subject.pack(1, { firstAtMs: 0, lastAtMs: 0 })).settle();
  return { storage, subject };
}

/** Fingerprints that differ in the first word only, as given by `word`. */
function printsWith(word: (i: number) => number): Uint8Array {
  const words = new Uint32Array(IDS * 4);
  for (let i = 0; i < IDS; i++) words[4 * i] = word(i);
  return new Uint8Array(words.buffer);
}

function known(subject: Deduplication, prints: Uint8Array): number {
  const out = new Uint8Array(IDS);
  subject.hasMany(prints, out);
  return out.reduce((sum, flag) => sum + flag, 0);
}

describe("a lookup in a page", () => {
  it("finds ids that stand after where they should", () => {
    const prints = printsWith((i) => i);

    expect(known(packed(prints).subject, prints)).toBe(IDS);
  });

  it("finds ids that stand before where they should", () => {
    const prints = printsWith((i) => WORD_MAX - i);

    expect(known(packed(prints).subject, prints)).toBe(IDS);
  });

  it("finds no id that stands between two others", () => {
    const { subject } = packed(printsWith((i) => 2 * i));

    expect(
      known(
        subject,
        printsWith((i) => 2 * i + 1),
      ),
    ).toBe(0);
  });

  it("reads no whole page for ids that are spread evenly", () => {
    const { storage, subject } = packed(printsOf(range(0, IDS)));
    const before = storage.statements;

    subject.hasMany(printsOf(range(IDS, IDS + 100)), new Uint8Array(100));

    expect(storage.statements - before).toBe(1);
  });
});
