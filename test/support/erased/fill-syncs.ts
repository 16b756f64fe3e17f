import postgres from "postgres";
import { expect, vi } from "vitest";

import type { PostgresServer } from "../deliver/postgres-server.ts";

type Json = Readonly<Record<string, unknown>>;
type Api = (method: string, path: string, body?: unknown) => Promise<Json>;
type Account = Omit<PostgresServer, "stop" | "crash">;

const MODEL = { kind: "table", schema: "public", name: "people" };
const WAIT = { timeout: 60_000, interval: 200 };
/** What the destination refuses the user's record with, so that a sample of it is kept. */
const REFUSED = "refused";

/** The customer's own database, beside the warehouse on the same server. */
export const CRM = "crm";

/**
 * Puts the users into every store of syncs: one run that refuses the first of them, one of a mirror
 * that logs in its source, and one that is stuck with the first accepted, at a `host` that takes no
 * other.
 *
 * @returns the id of the sync whose run is under way.
 */
export async function fillSyncs(
  api: Api,
  account: Account,
  { users, host, secret }: { readonly users: readonly string[]; host: string; secret: string },
): Promise<string> {
  await makeTables(account, users);
  const place = { ...account, database: CRM };
  const crm = await connect(api, "postgres", place, `${account.host}:${account.port}`);
  const sink = await connect(
    api,
    "webhook",
    { url: `https://${host}/`, secret, batchSize: 1 },
    host,
  );
  const make = (destination: Json, changes: Json): Promise<string> =>
    makeSync(api, crm, { destination, ...changes });
  const refusing = await make({ connectionId: crm, object: "public.refusing" }, {});
  const mirror = await make(
    { connectionId: crm, object: "public.copies" },
    { behaviour: "mirror", log: "source" },
  );
  for (const sync of [refusing, mirror]) {
    await api("POST", `/api/v1/syncs/${sync}/trigger`, {});
    await vi.waitFor(async () => {
      const { data } = await api("GET", `/api/v1/syncs/${sync}/runs`);
      expect(data).toMatchObject([{ state: "completed" }]);
    }, WAIT);
  }
  const stuck = await make({ connectionId: sink, object: "records" }, {});
  await api("POST", `/api/v1/syncs/${stuck}/trigger`, { keys: users.map((id) => [id]) });
  await vi.waitFor(async () => {
    const { data } = await api("GET", `/api/v1/syncs/${stuck}/runs`);
    expect(data).toMatchObject([{ counts: { accepted: 1 } }]);
  }, WAIT);
  return stuck;
}

async function makeTables(account: Account, users: readonly string[]): Promise<void> {
  const root = postgres({ ...account, max: 1 });
  await root.unsafe(`CREATE DATABASE ${CRM}`);
  await root.end();
  const sql = postgres({ ...account, database: CRM, max: 1 });
  await sql.unsafe(`CREATE TABLE people (id text, email text);
    CREATE TABLE copies (id text PRIMARY KEY, email text);
    CREATE TABLE refusing (id text PRIMARY KEY, email text CHECK (email <> '${REFUSED}'))`);
  for (const [at, id] of users.entries()) {
    const email = at === 0 ? REFUSED : `${at}@example.com`;
    await sql`INSERT INTO people VALUES (${id}, ${email})`;
  }
  await sql.end();
}

async function connect(api: Api, kind: string, settings: Json, host: string): Promise<string> {
  const made = await api("POST", "/api/v1/connections", {
    name: kind,
    kind,
    settings,
    hosts: [host],
  });
  return (made["connection"] as { readonly id: string }).id;
}

async function makeSync(api: Api, connectionId: string, changes: Json): Promise<string> {
  const made = await api("POST", "/api/v1/syncs", {
    label: "People",
    source: { connectionId, model: MODEL },
    behaviour: "upsert",
    key: ["id"],
    users: { userIdColumn: "id" },
    mappings: ["id", "email"].map((name) => ({
      to: name,
      from: { type: "column", column: name },
      isIdentifier: name === "id",
    })),
    ...changes,
  });
  return (made["sync"] as { readonly id: string }).id;
}
