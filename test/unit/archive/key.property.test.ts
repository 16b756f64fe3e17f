import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayOf, formatKey, monthOf, parseKey, type FileName } from "../../../src/archive/key.ts";
import type { SourceId } from "../../../src/core/ids.ts";

const DAY_MS = 86_400_000;
const base32 = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdefghjkmnpqrstvwxyz".split("")), {
      minLength: length,
      maxLength: length,
    })
    .map((chars) => chars.join(""));
const sourceIds = fc
  .tuple(fc.constantFrom("eu", "us"), base32(26))
  .map(([region, suffix]): SourceId => `src_${region}_${suffix}`);
const names: fc.Arbitrary<FileName> = fc
  .record({
    sourceId: sourceIds,
    dayMs: fc.integer({ min: 0, max: 60_000 }).map((days) => days * DAY_MS),
    ingestRegion: fc.constantFrom("us1", "eu1", "ap1", "au1"),
    shard: fc.integer({ min: 0, max: 63 }),
    incarnation: base32(10),
    firstSeq: fc.nat({ max: Number.MAX_SAFE_INTEGER - 1_000_000 }),
    length: fc.nat({ max: 1_000_000 }),
  })
  .map(({ length, ...name }) => ({ ...name, lastSeq: name.firstSeq + length }));

describe("formatKey()", () => {
  it("writes keys that parseKey() reads back whole", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(parseKey(formatKey(name))).toEqual({
          writtenBy: "homeport",
          dayMs: name.dayMs,
          name,
        });
      }),
    );
  });

  it("gives different ranges different keys", () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(formatKey(one)).not.toBe(formatKey(other));
      }),
    );
  });

  it.each([
    ["a day that is not midnight", { dayMs: 1 }],
    ["a shard past the last", { shard: 64 }],
    ["a range that ends before it begins", { firstSeq: 2, lastSeq: 1 }],
    ["an incarnation with a dash", { incarnation: "ab-cd" }],
  ])("refuses %s", (_what, wrong) => {
    const right: FileName = {
      sourceId: "src_eu_0123456789abcdefghjkmnpqrs",
      dayMs: 0,
      ingestRegion: "eu1",
      shard: 0,
      incarnation: "abcd",
      firstSeq: 1,
      lastSeq: 2,
    };

    expect(() => formatKey({ ...right, ...wrong })).toThrow(RangeError);
  });
});

describe("parseKey()", () => {
  it("reads the keys that Segment writes", () => {
    const key = "segment-logs/VhBYQcAjH5/1432684800000/1432735200.abc.1.2.gz";

    expect(parseKey(key)).toEqual({
      writtenBy: "segment",
      dayMs: 1_432_684_800_000,
      id: "VhBYQcAjH5",
    });
  });

  it("takes a foreign name under a source of ours for Segment's", () => {
    const key = "segment-logs/src_eu_0123456789abcdefghjkmnpqrs/0/eu1-0-abcd-01-2.gz";

    expect(parseKey(key)?.writtenBy).toBe("segment");
  });

  it.each([
    "segment-logs/dummy-object.txt",
    "segment-logs/VhBYQcAjH5/homeport-source.txt",
    "segment-logs/VhBYQcAjH5/1432684800001/a.gz",
    "segment-logs/VhBYQcAjH5/1432684800000/a/b.gz",
    "segment-logs/../0/a.gz",
    "other/VhBYQcAjH5/1432684800000/a.gz",
    "segment-logs/VhBYQcAjH5/8640000086400000/a.gz",
  ])("takes %s for no archive file", (key) => {
    expect(parseKey(key)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        expect(["undefined", "object"]).toContain(typeof parseKey(`segment-logs/${tail}`));
      }),
    );
  });
});

describe("dayOf() and monthOf()", () => {
  it("agree with the calendar in UTC", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (at) => {
        const midnight = new Date(dayOf(at.getTime())).toISOString();

        expect(midnight).toBe(`${at.toISOString().slice(0, 10)}T00:00:00.000Z`);
        expect(monthOf(at.getTime())).toBe(midnight.slice(0, 7));
      }),
    );
  });
});
