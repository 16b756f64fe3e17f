import { setTimeout as pause } from "node:timers/promises";

import { STEPS, type StepName } from "../../../src/sync/run/run.ts";
import type { Run, SyncWorld } from "./sync-world.ts";

const STEP_POLL_MS = 10;

const FIELDS = ["region", "id", "email", "plan"];

/**
 * A table with a key of two texts that a mirror keeps equal with another, while workerd and the
 * connections to the database are killed. A trigger writes down every row that the copy was written.
 */
export class StormyTable {
  readonly #world: SyncWorld;
  readonly #random: () => number;
  syncId = "";
  /** Kills while a step was at work, by its name. */
  readonly stepsKilled = new Map<StepName, number>();
  #killsSoFar = 0;

  constructor(world: SyncWorld, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  async make(rows: number): Promise<void> {
    const { sql } = this.#world;
    await sql.unsafe(`
      DROP TABLE IF EXISTS people, copies, written, changed;
      CREATE TABLE people (region text, id text, email text, plan text, unmapped text);
      CREATE TABLE copies (region text, id text, email text, plan text CHECK (plan <> 'forbidden'),
        tier text, PRIMARY KEY (region, id));
      CREATE TABLE written (region text, id text);
      CREATE TABLE changed (region text, id text, PRIMARY KEY (region, id));
      CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO written SELECT coalesce(NEW.region, OLD.region), coalesce(NEW.id, OLD.id);
        RETURN NULL;
      END $$;
      CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON copies
        FOR EACH ROW EXECUTE FUNCTION note();
      INSERT INTO people SELECT (ARRAY['eu', 'us', 'é:1'])[1 + n % 3], 'p' || n,
        'p' || n || '@example.com', 'plan ' || n % 7, 'x' FROM generate_series(1, ${rows}) n;
      ALTER TABLE people ADD PRIMARY KEY (region, id);
      ANALYZE people;`);
    this.syncId = await this.#world.makeSync({
      behaviour: "mirror",
      key: ["region", "id"],
      mappings: FIELDS.map((name) => mapping(name)),
    });
  }

  /** Changes rows, and notes whose they are. */
  async change(statement: string): Promise<number> {
    const { sql } = this.#world;
    await sql`TRUNCATE written, changed`;
    const [found] = await sql.unsafe<{ n: number }[]>(`
      WITH c AS (${statement} RETURNING people.region, people.id),
        noted AS (INSERT INTO changed SELECT region, id FROM c)
      SELECT count(*)::int AS n FROM c`);
    return found?.n ?? 0;
  }

  /**
   * One run, in which workerd, the database's server or its connections are killed so often: each
   * time at most so long after the next of the four steps began.
   */
  async stormyRun(kills: number, withinMs: number): Promise<Run> {
    const run = await this.#world.trigger(this.syncId);
    for (let kill = 0; kill < kills; kill++) {
      await this.#reached(run, STEPS[this.#killsSoFar++ % STEPS.length]);
      await pause(this.#random() * withinMs);
      const { steps } = await this.#world.found(this.syncId, run);
      for (const step of STEPS) {
        if (steps[step]?.state !== "working") continue;
        this.stepsKilled.set(step, (this.stepsKilled.get(step) ?? 0) + 1);
      }
      await this.#kill();
    }
    return this.#world.ended(this.syncId, run);
  }

  /** Until the run is in that step, or past it. */
  async #reached(run: Run, step: StepName | undefined): Promise<void> {
    for (;;) {
      const { steps, endedAt } = await this.#world.found(this.syncId, run);
      if (endedAt !== null || (step !== undefined && steps[step]?.state !== "pending")) return;
      await pause(STEP_POLL_MS);
    }
  }

  async #kill(): Promise<void> {
    const { stack, sql, server } = this.#world;
    const chance = this.#random();
    if (chance < 0.2) {
      await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'homeport'`;
    } else if (chance < 0.4) {
      await server.crash();
    } else {
      await stack.kill();
      await stack.restart();
    }
  }

  run(): Promise<Run> {
    return this.#world.run(this.syncId);
  }

  /** Rows that the two tables do not share. */
  async differences(fields = FIELDS): Promise<number> {
    const list = fields.join(", ");
    const [found] = await this.#world.sql.unsafe<{ n: number }[]>(`
      SELECT count(*)::int AS n FROM (
        (SELECT ${list} FROM people EXCEPT SELECT ${list} FROM copies) UNION ALL
        (SELECT ${list} FROM copies EXCEPT SELECT ${list} FROM people)) d`);
    return found?.n ?? -1;
  }

  /** Rows of the copy that were written although nobody had changed them. */
  async writtenInVain(): Promise<number> {
    const [found] = await this.#world.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM written w
      WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.region = w.region AND c.id = w.id)`;
    return found?.n ?? -1;
  }

  async map(fields: readonly string[]): Promise<void> {
    const mappings = fields.map((name) => mapping(name));
    await this.#world.api("PATCH", `/api/v1/syncs/${this.syncId}`, { mappings });
  }
}

function mapping(name: string): Readonly<Record<string, unknown>> {
  const isIdentifier = name === "region" || name === "id";
  return { to: name, from: { type: "column", column: name }, isIdentifier };
}

/** Numbers from 0 to 1 that are the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
