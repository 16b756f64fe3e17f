import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Delivery } from "../../../src/deliver/deliverer.ts";
import { startLake, type Lake } from "../../support/deliver/lake.ts";
import { deliveryOf, mixedDeliveries } from "../../support/deliver/mixed-events.ts";

const NEVER = new AbortController().signal;

let lake: Lake;

beforeAll(async () => {
  lake = await startLake();
});

afterAll(() => lake.stop());

function text(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace("Z", "")
    .replace(/\.?0+$/, "");
}

describe("Parquet files", () => {
  it("read back by duckdb equal the events, column for column", async () => {
    const { sourceId, files } = await lake.make();
    const events = mixedDeliveries(0, 5_000);

    const outcomes = await files.deliver(events, NEVER);

    expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
    await lake.download(sourceId);
    const orders = events
      .map(({ event }) => event)
      .filter(({ event }) => event === "Order Completed")
      .map((event) => wantedRow(event));
    expect(
      await lake.query(
        `SELECT * FROM ${lake.tableOf(sourceId, "order_completed")} ORDER BY received_at`,
      ),
    ).toEqual(orders);
  });

  it("hold every event once, in the folder of its table, day and hour", async () => {
    const { sourceId, files } = await lake.make();

    await files.deliver(mixedDeliveries(0, 4_000), NEVER);

    const keys = await lake.download(sourceId);
    expect(new Set(keys.map((key) => key.replace(/\/[0-9a-f]{32}\.parquet$/, "")))).toEqual(
      new Set(
        [
          "identifies",
          "pages",
          "groups",
          "screens",
          "aliases",
          "order_completed",
          "signed_up",
          "_users",
        ].flatMap((table) =>
          ["00", "01"].map((hour) => `segment_type=${table}/day=2026-03-01/hr=${hour}`),
        ),
      ),
    );
    const all = join(lake.folder, "segment-data/data", sourceId, "**/*.parquet");
    expect(
      await lake.query(
        `SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM read_parquet('${all}', union_by_name = true)`,
      ),
    ).toEqual([{ rows: "4000", ids: "4000" }]);
  });

  it("of a batch that is sent again are the same files", async () => {
    const { sourceId, files } = await lake.make();
    const events = mixedDeliveries(0, 100);
    await files.deliver(events, NEVER);
    const before = await lake.download(sourceId);

    const outcomes = await files.deliver(events, NEVER);

    expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
    expect(await lake.download(sourceId)).toEqual(before);
  });

  it("have the narrowest type that holds all values of a column, and null for none", async () => {
    const { sourceId, files } = await lake.make();
    const values = [1, 2.5, null, "x"];
    const events: readonly Delivery[] = values.map((value, i) =>
      deliveryOf({
        type: "track",
        event: "E",
        messageId: String(i),
        receivedAt: "2026-03-01T10:00:00.000Z",
        properties: { whole: i, numbers: i / 2, mixed: value, truth: i > 1 },
      }),
    );

    await files.deliver(events, NEVER);

    await lake.download(sourceId);
    const types = await lake.query(`DESCRIBE SELECT * FROM ${lake.tableOf(sourceId, "e")}`);
    expect(
      Object.fromEntries(types.map((each) => [each["column_name"], each["column_type"]])),
    ).toMatchObject({
      id: "VARCHAR",
      received_at: "TIMESTAMP",
      whole: "BIGINT",
      numbers: "DOUBLE",
      mixed: "VARCHAR",
      truth: "BOOLEAN",
    });
    expect(
      await lake.query(`SELECT mixed FROM ${lake.tableOf(sourceId, "e")} ORDER BY id`),
    ).toEqual([{ mixed: "1" }, { mixed: "2.5" }, { mixed: null }, { mixed: "x" }]);
  });

  it("are not made of events without a table or a time", async () => {
    const { sourceId, files } = await lake.make();

    const outcomes = await files.deliver(
      [
        deliveryOf({ type: "delete", messageId: "1" }),
        deliveryOf({ type: "page", messageId: "2" }),
      ],
      NEVER,
    );

    expect(outcomes.map(({ kind }) => kind)).toEqual(["filtered", "filtered"]);
    expect(await lake.download(sourceId)).toEqual([]);
  });
});

/** The row that an Order Completed of {@link mixedDeliveries} has to be, as duckdb shows it. */
function wantedRow(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const time = (field: string): string => text(Date.parse(String(event[field])));
  const { total, orderId, isFirst, at } = event["properties"] as Record<string, unknown>;
  return {
    id: event["messageId"],
    received_at: time("receivedAt"),
    user_id: event["userId"],
    anonymous_id: event["anonymousId"],
    sent_at: time("sentAt"),
    timestamp: time("timestamp"),
    original_timestamp: time("originalTimestamp"),
    context_ip: "192.0.2.1",
    context_library_name: "analytics.js",
    context_library_version: "4.1",
    context_active: true,
    event: "order_completed",
    event_text: "Order Completed",
    total,
    order_id: orderId,
    items: '[{"sku":"a"}]',
    address_city: "Köln",
    is_first: isFirst,
    at: text(Date.parse(String(at))),
  };
}
