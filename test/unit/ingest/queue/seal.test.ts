import { describe, expect, it } from "vitest";

import {
  FILE_EVENTS_MAX,
  FILE_GZIP_BYTES_MAX,
  fits,
  type Growth,
} from "../../../../src/ingest/queue/seal.ts";

const RULE = { afterMs: 60_000, bytes: 64_000_000 };
const MIDNIGHT = Date.UTC(2026, 10, 23);
const FILE: Growth = { dayMs: MIDNIGHT, events: 10, rawBytes: 1_000, gzipBytes: 100 };
const CHUNK = { committedAtMs: MIDNIGHT + 1, events: 5 };

describe("fits()", () => {
  it("joins what was committed on the same day", () => {
    expect(fits(CHUNK, FILE, RULE)).toBe(true);
  });

  it.each<[string, Partial<typeof CHUNK>, Partial<Growth>]>([
    ["crosses a midnight UTC", { committedAtMs: MIDNIGHT + 86_400_000 }, {}],
    ["makes too many events", { events: FILE_EVENTS_MAX - 9 }, {}],
    ["comes when enough bytes are in", {}, { rawBytes: RULE.bytes }],
    ["comes when enough compressed bytes are in", {}, { gzipBytes: FILE_GZIP_BYTES_MAX }],
  ])("leaves to the next file what %s", (_, chunk, file) => {
    expect(fits({ ...CHUNK, ...chunk }, { ...FILE, ...file }, RULE)).toBe(false);
  });

  it("takes a first chunk whatever it is", () => {
    expect(fits({ ...CHUNK, events: FILE_EVENTS_MAX + 1 }, { ...FILE, events: 0 }, RULE)).toBe(
      true,
    );
  });
});
