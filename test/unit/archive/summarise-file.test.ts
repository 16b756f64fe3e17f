import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { summariseFile } from "../../../src/archive/summarise-file.ts";
import { matchesAny, prepareUsers } from "../../../src/archive/user-filter.ts";
import { sipKey } from "../../../src/core/siphash.ts";
import { hashAnonymousId, hashUserId } from "../../../src/ingest/event-hashes.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const NDJSON = [
  { type: "track", userId: "u1", anonymousId: "a1", receivedAt: "2026-11-22T04:00:00.000Z" },
  { type: "alias", userId: "u2", previousId: "p1", receivedAt: "2026-11-22T03:00:00.000Z" },
  { type: "track", userId: 7, anonymousId: null, receivedAt: "2026-11-22T05:00:00.000Z" },
]
  .map((event) => `${JSON.stringify(event)}\n`)
  .join("");

async function summarise(ndjson: string) {
  const body = new Blob([new Uint8Array(gzipSync(ndjson))]).stream();
  const summary = await summariseFile(body, KEY);
  if (!summary.ok) throw new Error(summary.error);
  return summary.value;
}

function queryFor(text: string) {
  const hash = new Uint8Array(8);
  const write = text.startsWith("u:") ? hashUserId : hashAnonymousId;
  write(sipKey(KEY), text.slice(2), hash);
  return prepareUsers(hash);
}

describe("summariseFile()", () => {
  it("counts lines and bytes, hashes the NDJSON, and finds the range of receivedAt", async () => {
    const { userFilter: _userFilter, ...summary } = await summarise(NDJSON);

    expect(summary).toEqual({
      events: 3,
      rawBytes: NDJSON.length,
      ndjsonSha256: createHash("sha256").update(NDJSON).digest("hex"),
      firstReceivedAtMs: Date.UTC(2026, 10, 22, 3),
      lastReceivedAtMs: Date.UTC(2026, 10, 22, 5),
      unreadableLines: 0,
    });
  });

  it.each(["u:u1", "a:a1", "u:u2", "u:p1", "u:7"])(
    "makes a filter that matches %s",
    async (user) => {
      const { userFilter } = await summarise(NDJSON);

      expect(matchesAny(userFilter, queryFor(user))).toBe(true);
    },
  );

  it.each(["a:u1", "u:a1", "a:null", "u:stranger"])(
    "makes a filter that does not match %s",
    async (user) => {
      const { userFilter } = await summarise(NDJSON);

      expect(matchesAny(userFilter, queryFor(user))).toBe(false);
    },
  );

  it.each(["{not json}", "5", "[]", "null"])(
    "counts the line %s, and lets the filter match everyone",
    async (line) => {
      const { events, unreadableLines, userFilter } = await summarise(`${NDJSON}${line}\n`);
      const matches = matchesAny(userFilter, queryFor("u:stranger"));

      expect([events, unreadableLines, matches]).toEqual([4, 1, true]);
    },
  );

  it("knows no times of a file whose events have none", async () => {
    const { firstReceivedAtMs, lastReceivedAtMs } = await summarise('{"receivedAt":"never"}\n{}\n');

    expect([firstReceivedAtMs, lastReceivedAtMs]).toEqual([undefined, undefined]);
  });

  it("makes a whole filter of more users than it had room for at first", async () => {
    const users = Array.from({ length: 10_000 }, (_, i) => `{"userId":"user ${i}"}\n`);
    const { userFilter } = await summarise(users.join(""));

    expect([
      matchesAny(userFilter, queryFor("u:user 0")),
      matchesAny(userFilter, queryFor("u:user 9999")),
    ]).toEqual([true, true]);
  });

  it("says why a damaged file could not be read", async () => {
    const cut = new Uint8Array(gzipSync(NDJSON)).subarray(0, 50);

    expect(await summariseFile(new Blob([cut]).stream(), KEY)).toEqual({
      ok: false,
      error: "not-gzip",
    });
  });
});
