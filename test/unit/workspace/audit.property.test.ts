import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  findBreak,
  nextEntry,
  type AuditEntry,
  type AuditFact,
} from "../../../src/workspace/audit.ts";

const facts = fc.array(
  fc.record({
    atMs: fc.nat(),
    actor: fc.string(),
    action: fc.string(),
    subject: fc.string(),
    fields: fc.array(fc.string(), { maxLength: 3 }),
  }),
  { minLength: 2, maxLength: 12 },
);

function chainOf(all: readonly AuditFact[]): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (const fact of all) entries.push(nextEntry(entries.at(-1), fact));
  return entries;
}

describe("the audit chain", () => {
  it("has no break as it was written", () => {
    fc.assert(
      fc.property(facts, (all) => {
        expect(findBreak(chainOf(all))).toBeUndefined();
      }),
    );
  });

  it("breaks at an entry whose actor was changed", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (all, pick) => {
        const entries = chainOf(all);
        const changed = entries[pick % entries.length];
        const forged = entries.map((entry) =>
          entry === changed ? { ...entry, actor: `${entry.actor}!` } : entry,
        );

        expect(findBreak(forged)).toBe(changed?.seq);
      }),
    );
  });

  it("breaks after an entry that was dropped", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (all, pick) => {
        const entries = chainOf(all);
        const dropped = pick % (entries.length - 1);

        expect(findBreak(entries.toSpliced(dropped, 1))).toBe(dropped + 2);
      }),
    );
  });

  it("breaks when an entry is put in and all are counted anew", () => {
    fc.assert(
      fc.property(facts, (all) => {
        const [first, second, ...rest] = chainOf(all);
        if (first === undefined || second === undefined) return;
        const { seq: _seq, previous: _previous, hash: _hash, ...fact } = second;
        const inserted = nextEntry(first, { ...fact, actor: "intruder" });
        const later = [second, ...rest].map((entry) => ({ ...entry, seq: entry.seq + 1 }));

        expect(findBreak([first, inserted, ...later])).toBe(3);
      }),
    );
  });
});
