import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Miniflare } from "miniflare";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Model } from "../../../src/sync/model.ts";
import { trustNewCertificate } from "../../support/deliver/certificate.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { startRelay, type TestRelay } from "../../support/sync/relay.ts";
import { startWorker } from "../../support/sync/start-worker.ts";
import type { Read, Reading } from "../../support/sync/source-reading.ts";

const CONFIG = fileURLToPath(new URL("../../workers/source-worker/wrangler.toml", import.meta.url));
const HOST = "db.example.com";
const ROWS = 50_000;
const MODEL: Model = { kind: "table", schema: "public", name: "people" };

let folder: string;
let secure: PostgresServer;
let plain: PostgresServer;
let miniflare: Miniflare;

beforeAll(async () => {
  const certificate = trustNewCertificate(HOST);
  folder = await mkdtemp(join(tmpdir(), "homeport-source-"));
  [secure, plain] = await Promise.all([startPostgres(certificate), startPostgres()]);
  await fill(secure);
  miniflare = await startWorker(CONFIG, folder);
});

afterAll(async () => {
  await miniflare.dispose();
  await Promise.all([secure.stop(), plain.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function fill(server: PostgresServer): Promise<void> {
  const sql = postgres({ ...server, ssl: false });
  await sql.unsafe(`CREATE TABLE people AS
    SELECT n AS id, 'person ' || n AS name, md5(n::text) AS note FROM generate_series(1, ${ROWS}) n`);
  await sql.end();
}

/** Reads as a production workspace does, from a host that it declared. */
async function read(server: PostgresServer, over: Partial<Reading> = {}): Promise<Read> {
  const { database, user, password, port } = server;
  const reading: Reading = {
    connection: {
      id: "con_eu_0123456789abcdef0123456789",
      kind: "postgres",
      region: "eu",
      settings: { host: HOST, port, database, user, password },
      hosts: [`${HOST}:${port}`],
    },
    model: MODEL,
    key: ["id"],
    development: false,
    standIns: {
      [HOST]: { hostname: "127.0.0.1", port },
      "other.example.com": { hostname: "127.0.0.1", port },
    },
    ...over,
  };
  const answer = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify(reading),
  });
  return (await answer.json()) as Read;
}

describe("a Postgres source in workerd", () => {
  it("is read over TLS in production, the same by sums and by rows", async () => {
    const { columns, sums, ordered } = await read(secure);

    expect(columns).toEqual(["id", "name", "note"]);
    expect(sums).toEqual({ rows: ROWS, buckets: 64, xor: ordered.xor });
    expect(ordered.rows).toBe(ROWS);
  });

  it("is let go of in the middle of a read", async () => {
    const { ordered } = await read(secure, { leaveAfter: 1 });

    expect(ordered.rows).toBeLessThan(ROWS);
    expect((await read(secure)).ordered.rows).toBe(ROWS);
  });

  it("is not read in the clear from a server without TLS", async () => {
    expect((await read(plain)).code).toBe("no_tls");
  });

  it("is not read where the certificate names another host", async () => {
    const { database, user, password, port } = secure;
    const host = "other.example.com";
    const settings = { host, port, database, user, password };
    const id = "con_eu_0123456789abcdef0123456789" as const;
    const connection = { id, kind: "postgres", region: "eu", settings, hosts: [host] } as const;

    expect((await read(secure, { connection })).code).toBe("unreachable");
  });

  it("is not read from a host that does not show the region, nor was declared", async () => {
    const { database, user, password, port } = secure;
    const settings = { host: HOST, port, database, user, password };
    const id = "con_eu_0123456789abcdef0123456789" as const;
    const connection = { id, kind: "postgres", region: "eu", settings, hosts: [] } as const;

    const { code, told } = await read(secure, { connection });

    expect(code).toBe("refused_by_guard");
    expect(told).toEqual([]);
  });
});

describe("the relay of a region", () => {
  const throughRelay = async (relay: TestRelay, over: Partial<Reading> = {}): Promise<Read> => {
    const { database, user, password, port } = secure;
    const settings = { host: HOST, port, database, user, password, relay: true };
    const id = "con_eu_0123456789abcdef0123456789" as const;
    const hosts = [`${HOST}:${port}`];
    return read(secure, {
      connection: { id, kind: "postgres", region: "eu", settings, hosts },
      relay: { host: "relay.example.com", port: relay.port },
      standIns: { "relay.example.com": { hostname: "127.0.0.1", port: relay.port } },
      ...over,
    });
  };

  it("passes a database's TLS on, and sees no word of it", async () => {
    const relay = await startRelay({ [`${HOST}:${secure.port}`]: secure.port });

    const { ordered, told } = await throughRelay(relay);
    await relay.stop();

    expect(ordered.rows).toBe(ROWS);
    expect(told).toEqual(["relay.example.com declared", `${HOST}:${secure.port} declared`]);
    expect(relay.passed().includes(secure.user)).toBe(false);
  });

  it("is not asked for a host that is not known to be in the region", async () => {
    const relay = await startRelay({});
    const { database, user, password, port } = secure;
    const settings = { host: HOST, port, database, user, password, relay: true };
    const id = "con_eu_0123456789abcdef0123456789" as const;
    const connection = { id, kind: "postgres", region: "eu", settings, hosts: [] } as const;

    const { code } = await throughRelay(relay, { connection });
    await relay.stop();

    expect(code).toBe("refused_by_guard");
    expect(relay.asked).toEqual([]);
  });

  it("is no way around a refusal of its own", async () => {
    const relay = await startRelay({});

    const { code } = await throughRelay(relay);
    await relay.stop();

    expect(code).toBe("relay_refused");
  });
});
