import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { HOME_REGIONS } from "../../../src/region/regions.ts";
import { STEPS } from "../../../src/sync/run/run.ts";
import type { Certificate } from "../deliver/certificate.ts";
import { randomOf, StormyTable } from "./stormy-table.ts";
import { openSyncWorld, type SyncWorld } from "./sync-world.ts";

export type Story = {
  readonly name: string;
  readonly rows: number;
  /** Kills in each run that is disturbed, and the time at most from a step's begin to its kill. */
  readonly kills: number;
  readonly withinMs: number;
  /** Of the server, which is then talked to over TLS. */
  readonly certificate: Certificate;
  /** The longest that a run may take. */
  readonly runMs: number;
  /** A folder with the programs of another Postgres. */
  readonly postgres?: string;
};

/** With fewer, a step may be over before anybody can kill anything in it. */
const ROWS_OF_LONG_STEPS = 200_000;
/** For the model of a test, which is computed in the same database. */
const CHECK_MS = 20 * 60_000;

/** Tells how a mirror of a table fares over runs that are killed; each test goes on from the last. */
export function tellStory({ name, rows, kills, withinMs, ...options }: Story): void {
  const seed = Number(process.env["SYNC_STORM_SEED"] ?? Date.now() % 1_000_000);
  const title = `a mirror of ${rows} rows of ${name} over TLS that is killed at random (seed ${seed})`;

  describe(title, { timeout: options.runMs + CHECK_MS }, () => {
    let world: SyncWorld;
    let table: StormyTable;

    beforeAll(async () => {
      world = await openSyncWorld(options);
      table = new StormyTable(world, randomOf(seed));
      await table.make(rows);
    });

    afterAll(() => world.stop());

    it("sends all rows in its first run", async () => {
      await table.change("UPDATE people SET unmapped = 'y'");
      const run = await table.stormyRun(kills, withinMs);

      expect(run).toMatchObject({
        error: null,
        state: "completed",
        counts: { accepted: rows, rejected: 0 },
      });
      expect(await table.differences()).toBe(0);
    });

    it("sends a thousandth that changed, and nothing else", async () => {
      const changed = await table.change(
        "UPDATE people SET plan = 'new' WHERE abs(hashtext(id)) % 1000 = 7",
      );
      const run = await table.stormyRun(kills, withinMs);

      expect(run).toMatchObject({ error: null, state: "completed", counts: { updates: changed } });
      expect([await table.differences(), await table.writtenInVain()]).toEqual([0, 0]);
    });

    it("sends a third that changed, and nothing else", async () => {
      const changed = await table.change(
        "UPDATE people SET email = 'x' || email WHERE abs(hashtext(id)) % 10 < 3",
      );
      const run = await table.stormyRun(kills, withinMs);

      expect(run).toMatchObject({ error: null, state: "completed", counts: { updates: changed } });
      expect([await table.differences(), await table.writtenInVain()]).toEqual([0, 0]);
    });

    it("takes away what is gone, and nothing else", async () => {
      const gone = await table.change("DELETE FROM people WHERE abs(hashtext(id)) % 20 = 3");
      const run = await table.stormyRun(kills, withinMs);

      expect(run).toMatchObject({ error: null, state: "completed", counts: { deletes: gone } });
      expect([await table.differences(), await table.writtenInVain()]).toEqual([0, 0]);
    });

    it("brings refused records again until they are taken", async () => {
      const changed = await table.change(
        "UPDATE people SET plan = 'forbidden' WHERE abs(hashtext(id)) % 2000 = 5",
      );
      const refused = await table.run();
      const again = await table.run();
      await table.change("UPDATE people SET plan = 'fine' WHERE plan = 'forbidden'");
      const taken = await table.run();

      expect([refused, again].map(({ counts }) => counts["rejected"])).toEqual([changed, changed]);
      expect(taken.counts).toMatchObject({ accepted: changed, rejected: 0 });
      expect([await table.differences(), await table.writtenInVain()]).toEqual([0, 0]);
    });

    it("fails by name where a mapped column is gone, and goes on once it is back", async () => {
      await table.change("UPDATE people SET unmapped = 'z' WHERE false");
      await world.sql`ALTER TABLE people RENAME plan TO offer`;
      const failed = await table.run();
      await world.sql`ALTER TABLE people RENAME offer TO plan`;
      const run = await table.run();

      expect(failed).toMatchObject({ state: "failed", error: { code: "mapping_invalid" } });
      expect(failed.error?.message).toContain("plan");
      expect(run.counts).toMatchObject({ inserts: 0, updates: 0, deletes: 0 });
      expect(await table.writtenInVain()).toBe(0);
    });

    it("sends everything with the reason where a column is mapped besides", async () => {
      await world.sql`ALTER TABLE people ADD tier text DEFAULT 'gold'`;
      const fields = ["region", "id", "email", "plan", "tier"];
      await table.map(fields);
      const run = await table.stormyRun(kills, withinMs);

      expect(run).toMatchObject({ error: null, state: "completed", fullSync: "mapping_changed" });
      expect(await table.differences(fields)).toBe(0);
    });

    it("sends nothing once nothing changes", async () => {
      await table.change("UPDATE people SET unmapped = 'w' WHERE false");
      await table.run();

      expect(await table.writtenInVain()).toBe(0);
    });

    it("asked nobody but the buckets of the region", () => {
      const { endpoints } = world.stack.aws;
      const home = HOME_REGIONS.eu.locations.map((location) => new URL(endpoints[location]).host);
      const asked = new Set(world.stack.recorder.calls().map(({ host }) => host));

      expect(asked.size).toBeGreaterThan(0);
      expect([...asked].filter((host) => !home.includes(host))).toEqual([]);
    });

    if (rows < ROWS_OF_LONG_STEPS) return;

    it("was killed in every step", () => {
      expect([...table.stepsKilled.keys()].toSorted()).toEqual([...STEPS].toSorted());
      console.log(`Kills by step: ${JSON.stringify(Object.fromEntries(table.stepsKilled))}`);
    });
  });
}
