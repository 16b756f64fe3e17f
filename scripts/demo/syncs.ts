import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";

import { startPostgres, type PostgresServer } from "../../test/support/deliver/postgres-server.ts";
import type { Stack } from "../stack/start-stack.ts";
import { call } from "../stack/new-workspace.ts";
import { post, type DemoHome } from "./homes.ts";

/** Rows of the demo's table; one of them is refused by the destination, and one has no key. */
const ROWS = 20_000;
const CHANGED_EVERY = 1_000;
const REFUSED_ID = 4_711;
const STEPS = ["identify", "unload", "load", "report"] as const;
const POLL_MS = 250;
const WAIT_MS_MAX = 120_000;

type Screen = {
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
};

type Step = { readonly state: string; readonly records: number; readonly place: string };

type Run = {
  readonly number: number;
  readonly state: string;
  readonly endedAt: string | null;
  readonly engine: { readonly kind: string; readonly why: string } | null;
  readonly steps: Readonly<Record<(typeof STEPS)[number], Step>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly error: { readonly message: string } | null;
};

/** The numbers of the demo's last line about syncs, over both runs. */
export type SyncSummary = {
  readonly planned: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly invalid: number;
};

export type SyncShown = {
  readonly summary: SyncSummary;
  readonly problems: readonly string[];
  /** What the workspace declared to be in its region. */
  readonly hosts: readonly string[];
};

/**
 * A table of a real Postgres, kept equal with another: everything first, then what changed. The two are
 * compared with a driver of their own, so that what the runs say of themselves can be judged.
 *
 * @param spoil takes a record away before it is looked at, so that a test can see that it is found.
 */
export async function showSync(
  stack: Stack,
  home: DemoHome,
  { say, progress }: Screen,
  spoil: boolean,
): Promise<SyncShown> {
  say("\nStarting a Postgres, with a table of people and one for their copies ...");
  const server = await startPostgres();
  const { host, port, database, user, password } = server;
  const sql = postgres({ host, port, database, user, password, max: 1, onnotice: () => undefined });
  try {
    await fill(sql);
    const syncId = await makeSync(stack, home, server);
    say(`A sync keeps the copies equal in ${home.region}: ${syncId}`);
    const first = await run(stack, home, syncId, { say, progress });
    await sql`UPDATE people SET plan = 'paid' WHERE id % ${CHANGED_EVERY} = 0`;
    say(`One row in ${CHANGED_EVERY} was changed in the source.`);
    const second = await run(stack, home, syncId, { say, progress });
    if (spoil) await sql`DELETE FROM copies WHERE id = 7`;
    return { ...(await judge(sql, first, second)), hosts: [`${host}:${port}`] };
  } finally {
    await sql.end({ timeout: 1 });
    await server.stop();
  }
}

async function fill(sql: postgres.Sql): Promise<void> {
  await sql`CREATE TABLE people (id bigint, email text, plan text)`;
  await sql`CREATE TABLE copies (id bigint PRIMARY KEY, email text, plan text CHECK (plan <> 'refused'))`;
  await sql`INSERT INTO people SELECT n, 'person-' || n || '@example.com', 'free'
            FROM generate_series(1, ${ROWS}) n`;
  await sql`INSERT INTO people VALUES (NULL, 'nobody@example.com', 'free')`;
  await sql`UPDATE people SET plan = 'refused' WHERE id = ${REFUSED_ID}`;
  await sql`ANALYZE people`;
}

async function makeSync(
  stack: Stack,
  { token }: DemoHome,
  { host, port, database, user, password }: PostgresServer,
): Promise<string> {
  const made = await post(stack, "/api/v1/connections", token, {
    name: "Warehouse",
    kind: "postgres",
    settings: { host, port, database, user, password },
    hosts: [`${host}:${port}`],
  });
  const { id: connectionId } = made["connection"] as { readonly id: string };
  const field = (name: string): object => ({
    to: name,
    from: { type: "column", column: name },
    isIdentifier: name === "id",
  });
  const { sync } = (await post(stack, "/api/v1/syncs", token, {
    label: "People to their copies",
    source: { connectionId, model: { kind: "table", schema: "public", name: "people" } },
    destination: { connectionId, object: "public.copies" },
    behaviour: "upsert",
    key: ["id"],
    mappings: ["id", "email", "plan"].map(field),
    users: { userIdColumn: "id" },
  })) as { readonly sync: { readonly id: string } };
  return sync.id;
}

/** Runs the sync, and shows its steps while they work. */
async function run(
  stack: Stack,
  { token }: DemoHome,
  syncId: string,
  { say, progress }: Screen,
): Promise<Run> {
  const path = `/api/v1/syncs/${syncId}`;
  const begun = await call<{ run: Run }>(stack.url, "POST", `${path}/trigger`, token, {});
  const until = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const found = await call<{ run: Run }>(
      stack.url,
      "GET",
      `${path}/runs/${begun.run.number}`,
      token,
    );
    progress(
      `Run ${found.run.number}: ${STEPS.map((name) => stepText(found.run, name)).join(", ")}`,
    );
    if (found.run.endedAt !== null || Date.now() > until) {
      say(`\n  ${found.run.state}, at ${found.run.steps.load.place}: ${countsText(found.run)}`);
      if (found.run.engine !== null) {
        say(`  found by ${found.run.engine.kind}. ${found.run.engine.why}`);
      }
      return found.run;
    }
    await pause(POLL_MS);
  }
}

function stepText({ steps }: Run, name: (typeof STEPS)[number]): string {
  const { state, records } = steps[name];
  return state === "pending" ? `${name} …` : `${name} ${state} ${records}`;
}

function countsText({ counts }: Run): string {
  const shown = ["sourceRows", "inserts", "updates", "accepted", "rejected", "invalid"];
  return shown.map((name) => `${name} ${counts[name] ?? 0}`).join(", ");
}

async function judge(
  sql: postgres.Sql,
  first: Run,
  second: Run,
): Promise<Omit<SyncShown, "hosts">> {
  const [found] = await sql<{ missing: number; other: number }[]>`
    SELECT (SELECT count(*)::int FROM people p WHERE id IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.id = p.id)) AS missing,
           (SELECT count(*)::int FROM copies c JOIN people p USING (id)
             WHERE (c.email, c.plan) IS DISTINCT FROM (p.email, p.plan)) AS other`;
  const sum = (name: string): number => (first.counts[name] ?? 0) + (second.counts[name] ?? 0);
  const summary = {
    planned: sum("inserts") + sum("updates") + sum("deletes"),
    accepted: sum("accepted"),
    rejected: sum("rejected"),
    invalid: sum("invalid"),
  };
  const changed = ROWS / CHANGED_EVERY;
  // The one that is refused comes again with the second run.
  const wanted = { planned: ROWS + changed + 1, accepted: ROWS - 1 + changed, rejected: 2 };
  const problems = [
    ...[first, second].flatMap(({ number, state, error }) =>
      state === "completed" ? [] : [`sync: run ${number} is ${state}: ${error?.message ?? ""}`],
    ),
    ...Object.entries(wanted).flatMap(([name, count]) => {
      const said = summary[name as keyof typeof wanted];
      return said === count ? [] : [`sync: ${said} ${name}, wanted ${count}`];
    }),
    ...(found?.missing === 1 ? [] : [`sync: ${found?.missing ?? "?"} rows are missing, wanted 1`]),
    ...(found?.other === 0 ? [] : [`sync: ${found?.other ?? "?"} copies are not equal`]),
  ];
  return { summary, problems };
}
