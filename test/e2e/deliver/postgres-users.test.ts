import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { Deliverer, DeliveryOutcome } from "../../../src/deliver/deliverer.ts";
import { deliveryOf, mixedDeliveries } from "../../support/deliver/mixed-events.ts";
import {
  identify,
  startWarehouse,
  track,
  type Warehouse,
} from "../../support/deliver/warehouse.ts";

const NEVER = new AbortController().signal;
const DELIVERED: DeliveryOutcome = { kind: "delivered", status: 200 };

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await startWarehouse();
});

afterAll(() => warehouse.stop());

beforeEach(() => warehouse.begin());

afterEach(() => warehouse.end());

describe("users", () => {
  const EARLY = identify("1", "2026-03-01T10:00:00.000Z", { plan: "free", city: "Bonn" });
  const LATE = identify("2", "2026-03-02T10:00:00.000Z", { plan: "pro" });

  it.each([
    ["in order", [[EARLY], [LATE]]],
    ["in one batch", [[EARLY, LATE]]],
    ["in one batch the other way round", [[LATE, EARLY]]],
    ["the other way round", [[LATE], [EARLY]]],
    ["with the first sent again", [[EARLY], [LATE], [EARLY]]],
  ])("have the latest of every trait, whether events come %s", async (_, batches) => {
    const lane = await warehouse.make();

    for (const batch of batches) await lane.deliver(batch, NEVER);

    const found = await warehouse.rows("users");
    expect(found).toMatchObject([{ id: "u-1", plan: "pro", city: "Bonn", uuid: "2" }]);
    expect(found[0]).not.toHaveProperty("anonymous_id");
  });
});

describe("a database that lanes share", () => {
  it("gets all rows of lanes that make the same tables at once", async () => {
    const lanes = await Promise.all([0, 1, 2].map(() => warehouse.make()));

    const outcomes = await Promise.all(
      lanes.map((lane, i) => lane.deliver(mixedDeliveries(i * 100, i * 100 + 200), NEVER)),
    );

    expect(outcomes.flat().filter(({ kind }) => kind !== "delivered")).toEqual([]);
    expect(await warehouse.rows("tracks")).toHaveLength(200);
  });
});

describe("forget()", () => {
  const OTHER = deliveryOf({
    type: "identify",
    messageId: "other",
    userId: "u-2",
    anonymousId: "a-2",
    receivedAt: "2026-03-01T10:00:00.000Z",
    traits: { plan: "x" },
  });
  const ALIAS = deliveryOf({
    type: "alias",
    messageId: "alias",
    userId: "u-2",
    previousId: "u-1",
    receivedAt: "2026-03-01T10:00:00.000Z",
  });

  async function filled(): Promise<Deliverer> {
    const lane = await warehouse.make();
    const mine = [track("m", { a: 1 }), identify("i", "2026-03-01T10:00:00.000Z", { plan: "y" })];
    await lane.deliver([...mine, OTHER, ALIAS], NEVER);
    return lane;
  }

  it("leaves no row of the user and all of the others", async () => {
    const lane = await filled();

    expect(await warehouse.text()).toContain("u-1");

    expect(await lane.forget?.({ userId: "u-1" }, NEVER)).toEqual(DELIVERED);

    expect(await warehouse.text()).not.toContain("u-1");
    expect(await warehouse.rows("tracks")).toEqual([]);
    expect(await warehouse.rows("thing_done")).toEqual([]);
    expect(await warehouse.rows("aliases")).toEqual([]);
    expect(await warehouse.rows("users")).toMatchObject([{ id: "u-2" }]);
    expect(await warehouse.rows("identifies")).toMatchObject([{ id: "other" }]);
  });

  it("finds rows by the anonymous id", async () => {
    const lane = await filled();

    await lane.forget?.({ anonymousId: "a-2" }, NEVER);

    expect(await warehouse.rows("identifies")).toMatchObject([{ id: "i" }]);
    expect(await warehouse.rows("tracks")).toHaveLength(1);
  });

  it("has nothing to do where nothing was ever loaded", async () => {
    expect(await (await warehouse.make()).forget?.({ userId: "u-1" }, NEVER)).toEqual(DELIVERED);
  });
});

describe("a database that does not take events", () => {
  it.each([
    ["a wrong password", { password: "wrong" }],
    ["a wrong user", { user: "nobody" }],
    ["no such database", { database: "none" }],
  ])("because of %s is tried again", async (_, settings) => {
    expect(await (await warehouse.make(settings)).deliver([track("m", {})], NEVER)).toEqual([
      { kind: "retry", code: "INVALID_SETTINGS" },
    ]);
  });

  it("because it is not there is tried again", async () => {
    const lane = await warehouse.make({ port: 1 });

    expect(await lane.deliver([track("m", {})], NEVER)).toEqual([
      { kind: "retry", code: "ECONNRESET" },
    ]);
  });

  it("because its connection broke takes them the next time", async () => {
    const lane = await warehouse.make();
    await lane.deliver([track("1", {})], NEVER);
    await warehouse.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'homeport'`;

    const outcomes = [
      await lane.deliver([track("2", {})], NEVER),
      await lane.deliver([track("2", {})], NEVER),
    ];

    expect(outcomes[1]).toEqual([DELIVERED]);
    expect(await warehouse.rows("tracks")).toHaveLength(2);
  });

  it("in time is given up, and nothing of the batch is there", async () => {
    const lane = await warehouse.make();
    await lane.deliver([track("1", {})], NEVER);
    const ending = new AbortController();

    const outcome = await warehouse.sql.begin(async (holding) => {
      await holding.unsafe(`LOCK TABLE "${warehouse.schema()}".tracks`);
      const delivering = lane.deliver([track("2", {})], ending.signal);
      await holding`SELECT pg_sleep(0.2)`;
      ending.abort();
      return delivering;
    });

    expect(outcome).toEqual([{ kind: "retry", code: "ETIMEDOUT" }]);
    expect(await warehouse.rows("thing_done")).toHaveLength(1);
  });
});
