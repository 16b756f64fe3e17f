import { describe, expect, it } from "vitest";

import { EDGE_KEYS_MAX, EdgeBook } from "../../../src/egress/edge-book.ts";

const HOUR_MS = 3_600_000;
const NOON_MS = Date.parse("2026-11-22T12:00:00.000Z");
const DUBLIN = { colo: "DUB", outcome: "accepted" } as const;

describe("EdgeBook", () => {
  it("adds up the requests of a place and an hour", () => {
    const book = new EdgeBook([]);

    book.count(DUBLIN, NOON_MS);
    book.count(DUBLIN, NOON_MS + HOUR_MS - 1);
    book.count(DUBLIN, NOON_MS + HOUR_MS);

    expect(book.totals()).toEqual([
      { ...DUBLIN, hourMs: NOON_MS, count: 2 },
      { ...DUBLIN, hourMs: NOON_MS + HOUR_MS, count: 1 },
    ]);
  });

  it("tells accepted and transit apart", () => {
    const book = new EdgeBook([]);

    book.count(DUBLIN, NOON_MS);
    book.count({ ...DUBLIN, outcome: "transit" }, NOON_MS);

    expect(book.totals()).toHaveLength(2);
  });

  it("writes one row for however many requests of a place and an hour", () => {
    const book = new EdgeBook([]);

    for (let i = 0; i < 1000; i++) book.count(DUBLIN, NOON_MS);

    expect(book.changes()).toHaveLength(1);
  });

  it("writes nothing again that did not change", () => {
    const book = new EdgeBook([]);
    book.count(DUBLIN, NOON_MS);
    book.changes();

    expect([book.isDirty, book.changes()]).toEqual([false, []]);
  });

  it("goes on from what was written", () => {
    const before = new EdgeBook([]);
    before.count(DUBLIN, NOON_MS);

    const after = new EdgeBook(before.changes());
    after.count(DUBLIN, NOON_MS);

    expect(after.totals()).toEqual([{ ...DUBLIN, hourMs: NOON_MS, count: 2 }]);
  });

  it("leaves rows of other evidence alone", () => {
    const row = { kind: "host", key: "a b", body: "{}" } as const;

    expect(new EdgeBook([row]).totals()).toEqual([]);
  });

  it("forgets hours that are over, and says their rows", () => {
    const book = new EdgeBook([]);
    book.count(DUBLIN, NOON_MS);
    book.count(DUBLIN, NOON_MS + 2 * HOUR_MS);

    const forgotten = book.forgetHours(NOON_MS + 2 * HOUR_MS);

    expect(forgotten).toEqual([`${NOON_MS} DUB accepted`]);
    expect(book.totals().map(({ hourMs }) => hourMs)).toEqual([NOON_MS + 2 * HOUR_MS]);
  });

  it("has news as long as an hour of it may still be told", () => {
    const book = new EdgeBook([]);
    book.count(DUBLIN, NOON_MS);

    expect([book.hasNewsSince(NOON_MS + 1), book.hasNewsSince(NOON_MS + 2 * HOUR_MS)]).toEqual([
      true,
      false,
    ]);
  });

  it("holds so many kinds at most, and loses no count", () => {
    const book = new EdgeBook([]);

    for (let i = 0; i < EDGE_KEYS_MAX + 50; i++) book.count({ ...DUBLIN, colo: `A${i}` }, NOON_MS);

    const totals = book.totals();
    expect(totals.length).toBeLessThanOrEqual(EDGE_KEYS_MAX + 1);
    expect(totals.reduce((sum, { count }) => sum + count, 0)).toBe(EDGE_KEYS_MAX + 50);
  });
});
