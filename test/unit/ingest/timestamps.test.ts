import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  correctTimestamp,
  IsoReader,
  IsoWriter,
  parseTimestamp,
} from "../../../src/ingest/timestamps.ts";

const NOON_MS = Date.parse("2026-11-22T12:00:00.000Z");

describe("parseTimestamp()", () => {
  it.each([
    ["milliseconds and Z, as most SDKs", "2026-11-22T12:00:00.000Z"],
    ["microseconds and an offset, as Python", "2026-11-22T12:00:00.000999+00:00"],
    ["nanoseconds and an offset, as Go", "2026-11-22T14:00:00.000123456+02:00"],
    ["seven digits, as C#", "2026-11-22T12:00:00.0000000Z"],
    ["no fraction, as PHP", "2026-11-22T12:00:00+00:00"],
    ["an offset without colon", "2026-11-22T13:00:00+0100"],
    ["an offset of hours", "2026-11-22T13:00:00+01"],
    ["no offset, which is UTC", "2026-11-22T12:00:00"],
    ["a space instead of T", "2026-11-22 12:00:00"],
    ["no seconds", "2026-11-22T12:00Z"],
    ["a number of milliseconds", NOON_MS],
  ])("reads %s", (_title, value) => {
    expect(parseTimestamp(value)).toBe(NOON_MS);
  });

  it("reads a date as its midnight in UTC", () => {
    expect(parseTimestamp("2026-11-22")).toBe(Date.parse("2026-11-22T00:00:00.000Z"));
  });

  it.each([
    ["text", "yesterday"],
    ["text that Date.parse would take", "order 66"],
    ["an empty text", ""],
    ["a month that does not exist", "2026-13-01T00:00:00.000Z"],
    ["a year of five digits", "+12026-01-01T00:00:00.000Z"],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a number past what dates hold", 1e300],
    ["a number before the year 0", -1e15],
  ])("takes %s for nonsense", (_title, value) => {
    expect(parseTimestamp(value)).toBeUndefined();
  });
});

describe("correctTimestamp()", () => {
  it("is receivedAt - (sentAt - original), so that a wrong clock does not matter", () => {
    expect(correctTimestamp(NOON_MS, 5_000, 2_000)).toBe(NOON_MS - 3_000);
  });

  it("is the original when nobody said when it was sent", () => {
    expect(correctTimestamp(NOON_MS, undefined, 2_000)).toBe(2_000);
  });

  it("is receivedAt without an original", () => {
    expect(correctTimestamp(NOON_MS, 5_000, undefined)).toBe(NOON_MS);
  });

  it("is receivedAt when the correction leaves the calendar", () => {
    expect(correctTimestamp(NOON_MS, -6e13, 2e14)).toBe(NOON_MS);
  });
});

const instants = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2100, 0) });
const nearby = fc.tuple(instants, fc.array(fc.integer({ min: -90_000, max: 90_000 })));

describe("IsoWriter and IsoReader", () => {
  it("write any sequence of instants as toISOString does", () => {
    fc.assert(
      fc.property(nearby, ([base, steps]) => {
        const iso = new IsoWriter();

        expect(steps.map((step) => iso.write(base + step))).toEqual(
          steps.map((step) => new Date(base + step).toISOString()),
        );
      }),
    );
  });

  it("read no second past the 59th, whatever minute came before", () => {
    const iso = new IsoReader();

    const read = ["2026-11-22T12:00:00.000Z", "2026-11-22T12:00:60.000Z"].map((t) => iso.read(t));

    expect(read).toEqual([NOON_MS, undefined]);
  });

  it("read any sequence of texts as parseTimestamp does, broken ones too", () => {
    const broken = fc.tuple(fc.nat(23), fc.constantFrom("6", "9", ".", "x", " "));

    fc.assert(
      fc.property(nearby, fc.option(broken), ([base, steps], fault) => {
        const iso = new IsoReader();
        const texts = steps.map((step) => {
          const text = new Date(base + step).toISOString();
          return fault === null
            ? text
            : text.slice(0, fault[0]) + fault[1] + text.slice(fault[0] + 1);
        });

        expect(texts.map((text) => iso.read(text))).toEqual(
          texts.map((text) => parseTimestamp(text)),
        );
      }),
    );
  });
});
