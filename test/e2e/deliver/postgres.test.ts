import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { DeliveryOutcome } from "../../../src/deliver/deliverer.ts";
import { deliveryOf, mixedDeliveries, mixedEvent } from "../../support/deliver/mixed-events.ts";
import { startWarehouse, track, type Warehouse } from "../../support/deliver/warehouse.ts";

const NEVER = new AbortController().signal;
const DELIVERED: DeliveryOutcome = { kind: "delivered", status: 200 };

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await startWarehouse();
});

afterAll(() => warehouse.stop());

beforeEach(() => warehouse.begin());

afterEach(() => warehouse.end());

describe("100,000 mixed events", () => {
  const EVENTS = 100_000;

  it("give the tables a Segment user expects, and the same events again change nothing", async () => {
    const lane = await warehouse.make();
    const load = async (): Promise<void> => {
      const size = lane.batch.events;
      for (let from = 0; from < EVENTS; from += size) {
        const outcomes = await lane.deliver(mixedDeliveries(from, from + size), NEVER);
        expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
      }
    };

    await load();

    const first = await warehouse.contents();
    const counts = Object.entries(JSON.parse(first) as Record<string, string>);
    expect(
      Object.fromEntries(counts.map(([table, text]) => [table, Number.parseInt(text, 10)])),
    ).toEqual(countsOf(EVENTS));
    await load();
    expect(await warehouse.contents()).toBe(first);
  });
});

/** How many rows each table has, counted from the events by the conventions alone. */
function countsOf(events: number): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const add = (table: string): void => void counts.set(table, (counts.get(table) ?? 0) + 1);
  const seen = new Set<string>();
  for (let i = 0; i < events; i++) {
    const { type, event, userId, groupId } = mixedEvent(i) as Record<string, string>;
    if (type === "track") {
      add("tracks");
      add(
        { "Order Completed": "order_completed", "Signed Up": "signed_up" }[event ?? ""] ?? "_users",
      );
    } else {
      add(type === "alias" ? "aliases" : type === "identify" ? "identifies" : `${type}s`);
    }
    const profile = type === "identify" ? `users ${userId}` : `accounts ${groupId}`;
    if ((type === "identify" || type === "group") && !seen.has(profile)) {
      seen.add(profile);
      add(profile.split(" ")[0] ?? "");
    }
  }
  return Object.fromEntries(counts);
}

describe("a row", () => {
  it("has the event's fields and properties under Segment's names and types", async () => {
    await (await warehouse.make()).deliver(mixedDeliveries(0, 10), NEVER);

    const [row] = await warehouse.rows("order_completed");
    expect(row).toMatchObject({
      id: "message-6",
      user_id: "user-6",
      anonymous_id: "anonymous-6",
      received_at: new Date("2026-03-01T00:00:06.500Z"),
      sent_at: new Date("2026-03-01T00:00:06.400Z"),
      timestamp: new Date("2026-03-01T00:00:06.000Z"),
      original_timestamp: new Date("2026-03-01T00:00:06.000Z"),
      context_library_name: "analytics.js",
      context_active: true,
      event: "order_completed",
      event_text: "Order Completed",
      total: 1.5,
      order_id: "o-6",
      items: '[{"sku":"a"}]',
      address_city: "Köln",
      is_first: true,
      at: new Date("2026-03-01T00:00:06.000Z"),
    });
    expect(await warehouse.typesOf("order_completed")).not.toHaveProperty("nothing");
    expect(await warehouse.typesOf("tracks")).not.toHaveProperty("total");
  });

  it("is left alone when its id comes again with other content", async () => {
    const lane = await warehouse.make();

    await lane.deliver([track("m", { a: 1 }), track("m", { a: 2 })], NEVER);
    await lane.deliver([track("m", { a: 3 })], NEVER);

    expect(await warehouse.rows("thing_done")).toMatchObject([{ id: "m", a: "1" }]);
  });

  it("is filtered for an event that no table is for, and the others are loaded", async () => {
    const odd = deliveryOf({ type: "delete", messageId: "x" });

    const outcomes = await (await warehouse.make()).deliver([odd, track("m", {})], NEVER);

    expect(outcomes).toEqual([{ kind: "filtered", code: "UNSUPPORTED_EVENT_TYPE" }, DELIVERED]);
    expect(await warehouse.rows("thing_done")).toHaveLength(1);
  });

  it("takes names and texts that are written to break out of a statement", async () => {
    const evil = `x"; DROP TABLE "${warehouse.schema()}"."tracks"; --`;
    const lane = await warehouse.make();

    const outcomes = await lane.deliver([track("m", { [evil]: `'${evil}\0` }, evil)], NEVER);

    expect(outcomes).toEqual([DELIVERED]);
    expect(await warehouse.rows("tracks")).toMatchObject([{ event_text: evil }]);
  });
});

describe("columns", () => {
  it("are appended when an event has new properties", async () => {
    const lane = await warehouse.make();

    await lane.deliver([track("1", { a: 1 })], NEVER);
    await lane.deliver([track("2", { b: "x" })], NEVER);

    expect(await warehouse.rows("thing_done")).toMatchObject([
      { id: "1", a: "1", b: null },
      { id: "2", a: null, b: "x" },
    ]);
  });

  it.each([
    ["integers and floats", [1, 2.5], "double precision", [1, 2.5]],
    ["floats and integers", [2.5, 1], "double precision", [2.5, 1]],
    ["numbers and texts", [1.5, "x"], "text", ["1.5", "x"]],
    ["truths and texts", [true, "x"], "text", ["true", "x"]],
    ["truths and numbers", [true, 1], "text", ["true", "1"]],
    [
      "times and texts",
      ["2026-03-01T10:00:00.250+02:00", "soon"],
      "text",
      ["2026-03-01T08:00:00.250Z", "soon"],
    ],
    [
      "texts and times",
      ["soon", "2026-03-01T10:00:00+02:00"],
      "text",
      ["soon", "2026-03-01T10:00:00+02:00"],
    ],
    ["texts and lists", ["x", [1]], "text", ["x", "[1]"]],
  ] as const)(
    "of %s that come one after the other are wide enough for both",
    async (_, values, type, wanted) => {
      const lane = await warehouse.make();

      for (const [i, value] of values.entries()) {
        expect(await lane.deliver([track(String(i), { value })], NEVER)).toEqual([DELIVERED]);
      }

      expect((await warehouse.typesOf("thing_done"))["value"]).toBe(type);
      expect((await warehouse.rows("thing_done")).map(({ value }) => value)).toEqual(wanted);
    },
  );

  it("of one batch with two types are made wide enough at once", async () => {
    await (await warehouse.make()).deliver([track("1", { v: 1 }), track("2", { v: "x" })], NEVER);

    expect((await warehouse.rows("thing_done")).map(({ v }) => v)).toEqual(["1", "x"]);
  });

  it("that a view hangs on stay as they are, and what does not fit is left out", async () => {
    const lane = await warehouse.make();
    await lane.deliver([track("1", { v: 1, w: 1 })], NEVER);
    await warehouse.sql.unsafe(
      `CREATE VIEW "${warehouse.schema()}".report AS SELECT v FROM "${warehouse.schema()}".thing_done`,
    );

    const outcomes = await lane.deliver([track("2", { v: "x", w: 2 })], NEVER);

    expect(outcomes).toEqual([DELIVERED]);
    expect(await warehouse.rows("thing_done")).toMatchObject([{ v: "1" }, { v: null, w: "2" }]);
  });

  it("that somebody dropped are made again", async () => {
    const lane = await warehouse.make();
    await lane.deliver([track("1", { v: 1 })], NEVER);
    await warehouse.sql.unsafe(`ALTER TABLE "${warehouse.schema()}".thing_done DROP COLUMN v`);

    expect(await lane.deliver([track("2", { v: 2 })], NEVER)).toEqual([DELIVERED]);
    expect(await warehouse.rows("thing_done")).toMatchObject([{ v: null }, { v: "2" }]);
  });

  it("are 1,500 at most, and the rest of an event is kept", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_600 }, (_, i) => [`p${i}`, true]));

    expect(await (await warehouse.make()).deliver([track("1", many)], NEVER)).toEqual([DELIVERED]);
    expect(Object.keys(await warehouse.typesOf("thing_done"))).toHaveLength(1_500);
  });
});
