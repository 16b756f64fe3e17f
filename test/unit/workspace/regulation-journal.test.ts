import { randomBytes } from "node:crypto";

import { describe, expect, it } from "vitest";

import {
  journalKey,
  journalPrefix,
  numberOfKey,
  openEntry,
  sealEntry,
  type JournalEntry,
} from "../../../src/workspace/regulation-journal.ts";

const WORKSPACE = "ws_eu_bcjfgb5z16mzdcx9";
const OTHER = "ws_eu_bcjfgb5z16mzdcxa";
const KEYS = [{ id: 2, secret: new Uint8Array(randomBytes(32)) }];
const ENTRY: JournalEntry = {
  number: 7,
  id: "reg_eu_0123456789abcdef0000000001",
  createdAtMs: 1,
  commitment: "c",
  draft: { type: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds: ["somebody@example.com"] },
};
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

describe("sealEntry()", () => {
  it("is opened again in the same place, also after another secret was put in front", () => {
    const sealed = sealEntry(ENTRY, WORKSPACE, KEYS, random);
    const rotated = [{ id: 3, secret: random(32) }, ...KEYS];

    expect(openEntry(sealed, WORKSPACE, 7, rotated)).toEqual(ENTRY);
  });

  it("shows nobody whom it names", () => {
    const text = new TextDecoder().decode(sealEntry(ENTRY, WORKSPACE, KEYS, random));

    expect(text).not.toMatch(/somebody|c29tZWJvZHk/);
  });

  it.each([
    ["another number", WORKSPACE, 8],
    ["another workspace", OTHER, 7],
  ] as const)("opens in no other place: %s", (_, workspaceId, number) => {
    const sealed = sealEntry(ENTRY, WORKSPACE, KEYS, random);

    expect(() => openEntry(sealed, workspaceId, number, KEYS)).toThrow();
  });
});

describe("journalKey()", () => {
  it("is in the order of numbers, and is read back", () => {
    const keys = [1, 9, 10, 12_345].map((number) => journalKey(WORKSPACE, number));

    expect(keys.toSorted()).toEqual(keys);
    expect(keys.map(numberOfKey)).toEqual([1, 9, 10, 12_345]);
    expect(keys.every((key) => key.startsWith(journalPrefix(WORKSPACE)))).toBe(true);
  });

  it("is not read into what else may stand there", () => {
    expect(numberOfKey(`${journalPrefix(WORKSPACE)}notes.txt`)).toBeUndefined();
  });
});
