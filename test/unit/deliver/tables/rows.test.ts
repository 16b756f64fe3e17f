import { describe, expect, it } from "vitest";

import type { Cells } from "../../../../src/deliver/tables/cells.ts";
import { profileOf, rowOf, tracksRow } from "../../../../src/deliver/tables/rows.ts";

const COMMON = {
  messageId: "m-1",
  anonymousId: "a-1",
  userId: "u-1",
  receivedAt: "2026-03-01T10:00:00.000Z",
  sentAt: "2026-03-01T09:59:59.000Z",
  timestamp: "2026-03-01T09:59:58.500Z",
  originalTimestamp: "2026-03-01T11:59:58.500+02:00",
  context: { ip: "192.0.2.1", library: { name: "x", version: "1.0" }, tags: ["a", { b: 1 }] },
};

/** Columns with their values; of a timestamp the instant. */
function plain(cells: Cells | undefined): Readonly<Record<string, unknown>> {
  const entries = Array.from(cells ?? [], ([column, cell]) => {
    return [column, cell.type === "timestamp" ? new Date(cell.value) : cell.value];
  });
  return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
}

const COMMON_COLUMNS = {
  id: "m-1",
  anonymous_id: "a-1",
  user_id: "u-1",
  received_at: new Date("2026-03-01T10:00:00.000Z"),
  sent_at: new Date("2026-03-01T09:59:59.000Z"),
  timestamp: new Date("2026-03-01T09:59:58.500Z"),
  original_timestamp: new Date("2026-03-01T09:59:58.500Z"),
  context_ip: "192.0.2.1",
  context_library_name: "x",
  context_library_version: "1.0",
  context_tags: '["a",{"b":1}]',
};

describe("rowOf()", () => {
  it("makes of a track event a row of the event's own table", () => {
    const event = {
      ...COMMON,
      type: "track",
      event: "Order Completed",
      properties: {
        orderId: "o-1",
        total: 9.5,
        count: 2,
        isGift: false,
        note: null,
        item: { sku: "s" },
      },
    };

    const row = rowOf(event);

    expect(row?.table).toBe("order_completed");
    expect(plain(row?.cells)).toEqual({
      ...COMMON_COLUMNS,
      event: "order_completed",
      event_text: "Order Completed",
      order_id: "o-1",
      total: 9.5,
      count: 2,
      is_gift: false,
      item_sku: "s",
    });
  });

  it.each([
    ["identify", { traits: { plan: "a" } }, "identifies", { plan: "a" }],
    ["group", { groupId: "g", traits: { plan: "a" } }, "groups", { group_id: "g", plan: "a" }],
    ["alias", { previousId: "old" }, "aliases", { previous_id: "old" }],
    [
      "page",
      { name: "Home", category: "c", properties: { url: "u", name: "Other" } },
      "pages",
      { name: "Home", category: "c", url: "u" },
    ],
    ["screen", { name: "Home", properties: { a: 1 } }, "screens", { name: "Home", a: 1 }],
  ])("makes of %s a row with its own columns", (type, fields, table, wanted) => {
    const row = rowOf({ ...COMMON, type, ...fields });

    expect(row?.table).toBe(table);
    expect(plain(row?.cells)).toEqual({ ...COMMON_COLUMNS, ...wanted });
  });

  it("leaves out properties that are called like columns of Segment's", () => {
    const properties = { id: 1, userId: "x", event: "y", "context ip": "z", contextual: "kept" };

    const row = rowOf({ ...COMMON, type: "track", event: "E", properties });

    expect(plain(row?.cells)).toMatchObject({ id: "m-1", user_id: "u-1", contextual: "kept" });
    expect(plain(row?.cells)).toMatchObject({ event: "e", context_ip: "192.0.2.1" });
  });

  it.each([
    ["users", "_users"],
    ["Tracks", "_tracks"],
    ["注文", "_cafb5be4"],
  ])("never lets the track event %j stand in a table of Segment's", (event, table) => {
    expect(rowOf({ ...COMMON, type: "track", event })?.table).toMatch(
      event === "注文" ? /^_[0-9a-f]{8}$/ : table,
    );
  });

  it.each([
    [{ ...COMMON, type: "delete" }],
    [{ ...COMMON, type: "constructor" }],
    [{ ...COMMON, type: "track" }],
    [{ type: "page", userId: "u" }],
  ])("has no table for %j", (event) => {
    expect(rowOf(event)).toBeUndefined();
  });

  it.each([
    ["2026-03-01T10:00:00Z", "timestamp"],
    ["2026-03-01T10:00:00.123456+02:00", "timestamp"],
    ["2026-03-01", "text"],
    ["2026-03-01T10:00:00", "text"],
    ["2026-13-01T10:00:00Z", "text"],
    ["12", "text"],
    [12, "integer"],
    [12.5, "float"],
    [2 ** 60, "float"],
    [true, "boolean"],
    [[], "text"],
  ])("reads the property %j as %s", (value, type) => {
    const row = rowOf({ ...COMMON, type: "track", event: "E", properties: { value } });

    expect(row?.cells.get("value")?.type).toBe(type);
  });

  it("keeps what no database takes out of texts", () => {
    const row = rowOf({
      ...COMMON,
      type: "track",
      event: "E",
      properties: { a: "x\0y", b: "\ud800", c: ["\0"] },
    });

    expect(plain(row?.cells)).toMatchObject({ a: "xy", b: "\ufffd", c: String.raw`["\u0000"]` });
  });

  it.each([
    [50, "text"],
    [10_000, undefined],
  ])("flattens ten of %i levels, and keeps as JSON what the stack holds", (levels, type) => {
    const nested: unknown = JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);

    const row = rowOf({ ...COMMON, type: "track", event: "E", properties: nested });

    expect(row?.cells.get("a_a_a_a_a_a_a_a_a_a")?.type).toBe(type);
  });
});

describe("tracksRow()", () => {
  it("has what all track events have, and no property", () => {
    const event = { ...COMMON, type: "track", event: "E", properties: { total: 1 } };
    const row = rowOf(event);

    expect(plain(row === undefined ? undefined : tracksRow(event, row).cells)).toEqual({
      ...COMMON_COLUMNS,
      event: "e",
      event_text: "E",
    });
  });
});

describe("profileOf()", () => {
  it("has the traits and the context of a user, and no anonymous id", () => {
    const event = { ...COMMON, type: "identify", traits: { plan: "a" } };
    const row = rowOf(event);

    const profile = row === undefined ? undefined : profileOf(event, row);

    expect(profile).toMatchObject({ table: "users", id: "u-1", messageId: "m-1" });
    expect(plain(profile?.cells)).toEqual({
      plan: "a",
      context_ip: "192.0.2.1",
      context_library_name: "x",
      context_library_version: "1.0",
      context_tags: '["a",{"b":1}]',
    });
  });

  it.each([
    [{ ...COMMON, type: "identify", userId: undefined }],
    [{ ...COMMON, type: "page" }],
    [{ ...COMMON, type: "group" }],
    [{ ...COMMON, type: "identify", userId: "ü".repeat(1_001) }],
  ])("is none for %j", (event) => {
    const row = rowOf(event);

    expect(row === undefined ? "no row" : profileOf(event, row)).toBeUndefined();
  });
});
