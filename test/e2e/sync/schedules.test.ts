import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { openSyncWorld, type Run, type SyncWorld } from "../../support/sync/sync-world.ts";

type Sync = {
  readonly id: string;
  readonly nextRunAt: string | null;
  readonly currentRun: Run | null;
};

const WAIT = { timeout: 60_000, interval: 200 };

describe("syncs that run by themselves", () => {
  let world: SyncWorld;

  beforeAll(async () => {
    world = await openSyncWorld();
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    const { sql } = world;
    await sql`DROP TABLE IF EXISTS people, copies`;
    await sql`CREATE TABLE people (id bigint, email text, plan text)`;
    await sql`CREATE TABLE copies (id bigint PRIMARY KEY, email text, plan text)`;
    await sql`INSERT INTO people VALUES (1, 'a@example.com', 'free')`;
  });

  async function syncOf(id: string): Promise<Sync> {
    return (await world.api("GET", `/api/v1/syncs/${id}`))["sync"] as Sync;
  }

  async function runsOf(id: string): Promise<readonly Run[]> {
    return (await world.api("GET", `/api/v1/syncs/${id}/runs`))["data"] as readonly Run[];
  }

  /** The runs of a sync once so many are over. */
  async function ended(id: string, count: number): Promise<readonly Run[]> {
    return vi.waitFor(async () => {
      const over = (await runsOf(id)).filter((run) => run["endedAt"] !== null);
      expect(over.length).toBeGreaterThanOrEqual(count);
      return over;
    }, WAIT);
  }

  it("begin at once with an interval, and are due again after it", async () => {
    const id = await world.makeSync({ schedule: { kind: "interval", minutes: 60 } });
    const [run] = await ended(id, 1);
    const sync = await syncOf(id);

    expect(run).toMatchObject({ state: "completed", trigger: { kind: "schedule" } });
    const wait = Date.parse(sync.nextRunAt ?? "") - Date.parse(String(run?.["createdAt"]));
    expect(wait).toBe(3_600_000);
  });

  it("begin at the first time of a cron expression, although nothing ever ran", async () => {
    const id = await world.makeSync({ schedule: { kind: "cron", expression: "* * * * *" } });
    const { nextRunAt } = await syncOf(id);
    const [run] = await vi.waitFor(() => ended(id, 1), { timeout: 90_000, interval: 1_000 });

    expect(run).toMatchObject({
      state: "completed",
      trigger: { kind: "schedule", scheduledFor: nextRunAt },
    });
  }, 120_000);

  it("do not begin while they are paused, and have no next time", async () => {
    const id = await world.makeSync({ paused: true, schedule: { kind: "interval", minutes: 1 } });
    const paused = await syncOf(id);
    await world.api("PATCH", `/api/v1/syncs/${id}`, { paused: false });
    await ended(id, 1);

    expect(paused).toMatchObject({ nextRunAt: null, currentRun: null });
  });

  it("begin after each run of another that completed, and after no other", async () => {
    const first = await world.makeSync({});
    const id = await world.makeSync({
      source: {
        connectionId: world.connectionId,
        model: { kind: "query", sql: "SELECT id, email, plan FROM people" },
      },
      schedule: { kind: "after", syncId: first },
    });
    await world.sql`ALTER TABLE copies RENAME TO hidden`;
    const failed = await world.run(first);
    await world.sql`ALTER TABLE hidden RENAME TO copies`;
    const completed = await world.run(first);
    const runs = await ended(id, 1);

    expect([failed.state, completed.state]).toEqual(["failed", "completed"]);
    expect(runs).toMatchObject([{ trigger: { kind: "after", detail: completed.id } }]);
  });

  it("record a run as skipped that is asked for while another is under way", async () => {
    const { sql } = world;
    await sql`INSERT INTO people SELECT n, 'x', 'y' FROM generate_series(2, 20000) n`;
    const id = await world.makeSync({});
    const first = await world.trigger(id);
    const second = await world.trigger(id);
    await world.ended(id, first);

    expect([first.state, second.state]).toEqual(["queued", "skipped"]);
  });

  it("raise an alert of the workspace when a run fails, and take it back with one that completes", async () => {
    const id = await world.makeSync({});
    await world.sql`ALTER TABLE copies RENAME TO hidden`;
    await world.run(id);
    const alerts = async (): Promise<unknown> => (await world.api("GET", "/api/v1/alerts"))["data"];
    const raised = { code: "sync_failed", subject: id };
    await vi.waitFor(async () => {
      expect(await alerts()).toEqual(expect.arrayContaining([expect.objectContaining(raised)]));
    }, WAIT);
    await world.sql`ALTER TABLE hidden RENAME TO copies`;
    await world.run(id);

    await vi.waitFor(async () => {
      expect(await alerts()).not.toEqual(expect.arrayContaining([expect.objectContaining(raised)]));
    }, WAIT);
  });
});
