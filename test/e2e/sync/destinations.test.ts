import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../../scripts/stack/recorder.ts";
import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

const SINK = "sink.eu.example.com";
const CUSTOM = "custom.eu.example.com";
const SECRET = "sixteen characters at least";
const ROWS = 250;

type Json = Readonly<Record<string, unknown>>;

function answer(status: number, body: unknown): OutboundAnswer {
  return { status, headers: {}, body: Buffer.from(JSON.stringify(body)) };
}

describe("destinations of syncs", () => {
  let world: SyncWorld;
  let got: { readonly headers: Json; readonly body: Json; readonly raw: string }[] = [];
  let calls: Json[] = [];

  const sink = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const raw = request.body.toString("utf8");
    got.push({ headers: request.headers, body: JSON.parse(raw) as Json, raw });
    return answer(200, {});
  };

  /** An independent service that speaks the custom-destination protocol. */
  const custom = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const call = JSON.parse(request.body.toString("utf8")) as {
      readonly id: string;
      readonly method: string;
      readonly params: Json;
    };
    calls.push(call);
    const result = ((): unknown => {
      switch (call.method) {
        case "test_connection":
          return { success: true };
        case "list_objects":
          return { objects: [{ object_api_name: "person", label: "Person" }] };
        case "supported_operations":
          return { operations: ["upsert", "mirror"] };
        case "list_fields":
          return {
            fields: [
              { field_api_name: "id", identifier: true, required: true, type: "integer" },
              { field_api_name: "email", type: "string" },
            ],
          };
        case "get_sync_speed":
          return { maximum_batch_size: 100, maximum_parallel_batches: 3 };
        default: {
          const records = call.params["records"] as readonly Json[];
          return {
            record_results: records.map(({ id }) => ({
              identifier: id,
              success: id !== 13,
              ...(id === 13 ? { error_message: "unlucky" } : {}),
            })),
          };
        }
      }
    })();
    return answer(200, { jsonrpc: "2.0", id: call.id, result });
  };

  beforeAll(async () => {
    world = await openSyncWorld({ outbound: { [SINK]: sink, [CUSTOM]: custom } });
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    got = [];
    calls = [];
    await world.sql`DROP TABLE IF EXISTS people`;
    await world.sql`CREATE TABLE people (id bigint, email text, plan text)`;
    await world.sql`INSERT INTO people SELECT n, 'p' || n || '@example.com', 'free'
                    FROM generate_series(1, ${ROWS}) n`;
  });

  async function connection(kind: string, host: string, settings: Json): Promise<string> {
    const made = await world.api("POST", "/api/v1/connections", {
      name: kind,
      kind,
      settings: { url: `https://${host}/in`, ...settings },
      hosts: [host],
    });
    return (made["connection"] as { readonly id: string }).id;
  }

  it("POST signed batches to a webhook", async () => {
    const connectionId = await connection("webhook", SINK, { secret: SECRET, batchSize: 100 });
    const sync = await world.makeSync({ destination: { connectionId, object: "records" } });
    const run = await world.run(sync);
    const [first] = got;
    const {
      "webhook-id": id,
      "webhook-timestamp": at,
      "webhook-signature": signed,
    } = first?.headers ?? {};
    const wanted = createHmac("sha256", SECRET)
      .update(`${String(id)}.${String(at)}.${first?.raw ?? ""}`)
      .digest("base64");
    const records = got.flatMap(({ body }) => body["records"] as readonly Json[]);

    expect(run.counts).toMatchObject({ accepted: ROWS, rejected: 0 });
    expect(signed).toBe(`v1,${wanted}`);
    expect(got.every(({ body }) => (body["records"] as Json[]).length <= 100)).toBe(true);
    expect(new Set(records.map((record) => record["id"])).size).toBe(ROWS);
  });

  it("speak the custom protocol, and count what is not reported as success as rejected", async () => {
    const connectionId = await connection("custom", CUSTOM, { token: "let me in" });
    const sync = await world.makeSync({
      destination: { connectionId, object: "person" },
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" } },
      ],
    });
    const run = await world.run(sync);
    const batches = calls.filter(({ method }) => method === "sync_batch");

    expect(run.counts).toMatchObject({ accepted: ROWS - 1, rejected: 1 });
    expect(batches.length).toBe(Math.ceil(ROWS / 100));
    expect(batches[0]?.["params"]).toMatchObject({
      sync_plan: { operation: "upsert", schema: { id: { active_identifier: true } } },
    });
  });

  it("are asked before a sync is made: an unknown object, field or operation is refused by name", async () => {
    const connectionId = await connection("custom", CUSTOM, {});
    const answered = await world.homeport.api(world.workspace.token, "POST", "/api/v1/syncs", {
      label: "Wrong",
      source: {
        connectionId: world.connectionId,
        model: { kind: "table", schema: "public", name: "people" },
      },
      destination: { connectionId, object: "person" },
      behaviour: "append",
      key: ["id"],
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "nope", from: { type: "column", column: "plan" } },
      ],
    });

    expect(answered.status).toBe(422);
    expect((answered.body["errors"] as Json[]).map(({ path }) => path)).toEqual([
      "behaviour",
      "mappings.1.to",
    ]);
  });

  it("take records as identify calls where they are of the catalogue", async () => {
    const source = await world.homeport.createSource(world.workspace);
    const made = await world.api("POST", "/api/v1/destinations", {
      name: "Sink",
      slug: "webhook",
      sourceId: source.id,
      settings: { url: `https://${SINK}/in`, secret: SECRET },
      hosts: [SINK],
    });
    const { id: destinationId } = made["destination"] as { readonly id: string };
    const sync = await world.makeSync({
      destination: { destinationId, object: "identify" },
      mappings: [
        { to: "userId", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" } },
      ],
    });
    const run = await world.run(sync);

    expect(run.counts).toMatchObject({ accepted: ROWS });
    expect(got[0]?.body).toMatchObject({
      type: "identify",
      traits: { email: expect.any(String) as string },
    });
    expect(new Set(got.map(({ body }) => body["userId"])).size).toBe(ROWS);
  });
});
