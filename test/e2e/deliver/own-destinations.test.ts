import { setTimeout as pause } from "node:timers/promises";

import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { HOME_CREDENTIALS, homeBucketName } from "../../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { startCaptureServer, type CaptureServer } from "../../support/deliver/capture-server.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { openHomeport, type Homeport, type TestSource } from "../../support/homeport.ts";
import { readBucket } from "../../support/read-bucket.ts";

const EVENTS = 40;
const WAIT_MS_MAX = 30_000;
const LOCATION = "eu-west-1";

let stack: Stack;
let homeport: Homeport;
let database: PostgresServer;
let webhook: CaptureServer;

beforeAll(async () => {
  [database, webhook] = await Promise.all([startPostgres(), startCaptureServer()]);
  stack = await startStack({ outbound: { [new URL(webhook.url).host]: webhook.url } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
  await Promise.all([database.stop(), webhook.stop()]);
});

async function connectTo(
  source: TestSource,
  slug: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
    name: slug,
    slug,
    sourceId: source.id,
    settings,
    hosts: ["127.0.0.1"],
  });
  expect(made).toMatchObject({ status: 201 });
}

async function send(source: TestSource): Promise<void> {
  const batch = Array.from({ length: EVENTS }, (_, i) => ({
    type: "track",
    event: "Order Completed",
    userId: `user-${i % 4}`,
    messageId: `message-${i}`,
    properties: { total: i, orderId: `o-${i}` },
  }));
  const body = JSON.stringify({ writeKey: source.writeKey, batch });
  const answer = await fetch(`${homeport.hostOf("eu1")}/v1/batch`, { method: "POST", body });
  expect(answer.status).toBe(200);
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`Cannot find it: waited for ${WAIT_MS_MAX} ms`);
    await pause(100);
  }
}

describe("destinations of our own, in the Worker as it is deployed", () => {
  it("get every event of a source", async () => {
    const workspace = await homeport.createWorkspace("eu");
    const source = await homeport.createSource(workspace, { name: "Web Shop" });
    const { stop: _, ...account } = database;
    const bucketUrl = `${stack.aws.endpoints[LOCATION]}/${homeBucketName(LOCATION)}`;
    await connectTo(source, "webhook", { url: `${webhook.url}/in`, secret: "sixteen characters" });
    await connectTo(source, "postgres", account);
    await connectTo(source, "data-lake", {});
    await connectTo(source, "s3-copy", { bucketUrl, ...HOME_CREDENTIALS.eu, prefix: "copies" });

    await send(source);

    await until(async () => (webhook.requests.length >= EVENTS ? true : undefined));
    const sql = postgres({ ...account, onnotice: () => undefined });
    const rows = await until(async () => {
      const found =
        await sql`SELECT id, total, user_id FROM web_shop.order_completed ORDER BY total`.catch(
          () => [],
        );
      return found.length >= EVENTS ? Array.from(found) : undefined;
    });
    await sql.end();
    expect(rows[7]).toEqual({ id: "message-7", total: "7", user_id: "user-3" });
    const access = {
      endpoint: stack.aws.endpoints[LOCATION],
      location: LOCATION,
      credentials: HOME_CREDENTIALS.eu,
    };
    const copies = await until(async () => {
      const files = await readBucket(access, homeBucketName(LOCATION), "copies/segment-logs/");
      const lines = files.flatMap((file) => file.lines);
      return lines.length >= EVENTS ? lines : undefined;
    });
    expect(copies[7]).toMatchObject({ messageId: "message-7", properties: { orderId: "o-7" } });
    const parquet = await until(async () => {
      const prefix = `segment-data/data/${source.id}/segment_type=order_completed/`;
      const files = await readBucket(access, homeBucketName(LOCATION), prefix);
      return files.length > 0 ? files : undefined;
    });
    expect(parquet[0]?.text.slice(0, 4)).toBe("PAR1");
  });

  it.each([
    ["db.example.com", "host does not show that it is in the region"],
    ["db.us-east-1.rds.amazonaws.com", "host shows by its name"],
  ])("are refused before they are on where their host is %s", async (host, why) => {
    const workspace = await homeport.createWorkspace("eu");
    const source = await homeport.createSource(workspace);

    const refused = await homeport.api(workspace.token, "POST", "/api/v1/destinations", {
      name: "warehouse",
      slug: "postgres",
      sourceId: source.id,
      settings: { host, database: "d", user: "u", password: "p" },
    });

    expect(refused.status).toBe(422);
    expect(JSON.stringify(refused.body)).toContain(why);
  });
});
