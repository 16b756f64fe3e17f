import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Miniflare } from "miniflare";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { trustNewCertificate } from "../../support/deliver/certificate.ts";
import { groundOf } from "../../support/deliver/ground.ts";
import { mixedDeliveries } from "../../support/deliver/mixed-events.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { startWorker } from "../../support/sync/start-worker.ts";

const CONFIG = fileURLToPath(
  new URL("../../workers/database-worker/wrangler.toml", import.meta.url),
);
const HOST = "db.example.com";

let folder: string;
let secure: PostgresServer;
let plain: PostgresServer;
let miniflare: Miniflare;

beforeAll(async () => {
  const certificate = trustNewCertificate(HOST);
  folder = await mkdtemp(join(tmpdir(), "homeport-tls-"));
  [secure, plain] = await Promise.all([startPostgres(certificate), startPostgres()]);
  miniflare = await startWorker(CONFIG, folder);
});

afterAll(async () => {
  await miniflare.dispose();
  await Promise.all([secure.stop(), plain.stop()]);
  await rm(folder, { recursive: true, force: true });
});

type Answer = { readonly outcomes: readonly unknown[]; readonly told: readonly string[] };

async function load(
  server: PostgresServer,
  settings: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { database, user, password } = server;
  const given = { database, user, password, port: server.port, ...settings };
  const { observe: _, bucket: __, ...ground } = groundOf(given);
  const body = { ground: { ...ground, ...over }, deliveries: mixedDeliveries(0, 20), ...over };
  const answer = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Answer;
}

async function countOf(server: PostgresServer, schema: string): Promise<unknown> {
  const sql = postgres({ ...server, ssl: false });
  try {
    const [found] = await sql.unsafe(`SELECT count(*)::int AS count FROM "${schema}".tracks`);
    return found?.["count"];
  } finally {
    await sql.end();
  }
}

describe("Postgres from workerd", () => {
  it("is loaded over the guarded sockets, and the evidence names the host", async () => {
    const settings = { host: "127.0.0.1", schema: "clear" };

    const { outcomes, told } = await load(plain, settings, { declaredHosts: ["127.0.0.1"] });

    expect(outcomes).toEqual(
      Array.from({ length: 20 }, () => ({ kind: "delivered", status: 200 })),
    );
    expect(told).toEqual([`127.0.0.1:${plain.port} declared`]);
    expect(await countOf(plain, "clear")).toBe(10);
  });

  const production = (server: PostgresServer): Readonly<Record<string, unknown>> => ({
    development: false,
    declaredHosts: [HOST, "other.example.com"],
    standIn: { hostname: "127.0.0.1", port: server.port },
  });

  it("is loaded over TLS in production", async () => {
    const { outcomes } = await load(secure, { host: HOST, schema: "tls" }, production(secure));

    expect(outcomes[0]).toEqual({ kind: "delivered", status: 200 });
    expect(await countOf(secure, "tls")).toBe(10);
  });

  it("is not loaded where the certificate names another host", async () => {
    const settings = { host: "other.example.com", schema: "other" };

    const { outcomes } = await load(secure, settings, production(secure));

    expect(outcomes[0]).toMatchObject({ kind: "retry" });
    await expect(countOf(secure, "other")).rejects.toThrow("does not exist");
  });

  it("is not loaded in the clear by a server without TLS", async () => {
    const { outcomes } = await load(plain, { host: HOST, schema: "none" }, production(plain));

    expect(outcomes[0]).toEqual({ kind: "retry", code: "INVALID_SETTINGS" });
    await expect(countOf(plain, "none")).rejects.toThrow("does not exist");
  });
});
