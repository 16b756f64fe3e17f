import "../../src/egress/install.ts";

import { DurableObject } from "cloudflare:workers";

import { DESTINATIONS } from "../../durable-objects/offered-destinations.ts";
import { reach, type Env as Bindings, type Reach } from "../../durable-objects/reach.ts";
import { Replay } from "../../durable-objects/replay.ts";
import { homeBucket } from "../../src/archive/home-bucket.ts";
import { formatKey, monthOf } from "../../src/archive/key.ts";
import { buildUserFilter } from "../../src/archive/user-filter.ts";
import { parseConfig } from "../../src/config.ts";
import { workspaceOf, type DestinationId, type SourceId } from "../../src/core/ids.ts";
import type { Deliverer } from "../../src/deliver/deliverer.ts";
import type { Destinations } from "../../src/deliver/destinations.ts";
import type { ReplayId, ReplayStatus } from "../../src/replay/replay.ts";
import { parseInvite, parseToken, sha256Hex } from "../../src/workspace/secrets.ts";
import type { AdminCall, Answer } from "../../src/workspace/ports.ts";

export { Archive } from "../../durable-objects/archive.ts";
export { ArchiveMonth } from "../../durable-objects/archive-month.ts";
export { DeliveryLane } from "../../durable-objects/delivery-lane.ts";
export { IngestQueue } from "../../durable-objects/ingest-queue.ts";
export { RegionDirectory } from "../../durable-objects/region-directory.ts";
export { Workspace } from "../../durable-objects/workspace.ts";

type Env = Bindings & {
  readonly FLOOR: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
};

type Order =
  | { readonly how: "setup"; readonly files: number; readonly eventsPerFile: number }
  | { readonly how: "floor"; readonly sourceId: SourceId; readonly keys: readonly string[] }
  | {
      readonly how: "replay";
      readonly token: string;
      readonly sourceId: SourceId;
      readonly destinationId: DestinationId;
      readonly rate?: number;
    }
  | { readonly how: "status"; readonly replayId: ReplayId };

const DAY_MS = Date.UTC(2026, 10, 20);

/** Read at a time by the floor. */
const READ_BYTES = 262_144;

/** Takes all that it is given, so that what is measured is everything before it. */
const NOTHING: Deliverer = {
  batch: { events: 1_000, bytes: 2_000_000 },
  deliver: async (events) => events.map(() => ({ kind: "delivered", status: 200 })),
};

/** A replay whose destination is nothing. */
export class BenchReplay extends Replay {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, nullDestinations());
  }
}

/** Reads, gunzips and parses the same files in the same workerd, and does nothing else. */
export class BenchFloor extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { sourceId, keys } = await request.json<Extract<Order, { how: "floor" }>>();
    const config = parseConfig(this.env as unknown as Record<string, unknown>);
    const bucket = homeBucket(config, sourceId, "eu-west-1");
    let events = 0;
    for (const key of keys) {
      const object = await bucket.get(key);
      if (!object.ok) throw new Error("Cannot measure: a file is not there");
      events += await countEvents(object.value.body);
    }
    return Response.json({ events });
  }
}

/** The runtime gunzips. With a buffer of its own, because workerd hands out 4 KB at a time otherwise. */
async function countEvents(body: ReadableStream<Uint8Array>): Promise<number> {
  const reader = body.getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let events = 0;
  let rest = "";
  for (let buffer = new ArrayBuffer(READ_BYTES); ;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done || value === undefined) return events;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as { readonly type?: string };
      if (event.type !== undefined) events += 1;
    }
    buffer = value.buffer;
  }
}

function nullDestinations(): Destinations {
  const webhook = DESTINATIONS.get("webhook");
  if (webhook === undefined) throw new Error("Cannot measure: the webhook is not offered");
  return new Map([["webhook", { ...webhook, make: async () => NOTHING }]]);
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const order = await request.json<Order>();
    switch (order.how) {
      case "setup":
        return Response.json(await setUp(env, order));
      case "floor": {
        const body = JSON.stringify(order);
        return env.FLOOR.getByName("floor").fetch(
          new Request("http://floor/", { method: "POST", body }),
        );
      }
      case "replay":
        return Response.json(await begin(env, order));
      case "status":
        return Response.json(await objectsOf(env).replay(order.replayId).status());
    }
  },
};

let objects: Reach | undefined;

/** Made once, as an isolate does it: what is measured shares its thread. */
function objectsOf(env: Env): Reach {
  return (objects ??= reach(env, parseConfig(env as unknown as Record<string, unknown>)));
}

async function setUp(env: Env, { files, eventsPerFile }: Extract<Order, { how: "setup" }>) {
  const all = objectsOf(env);
  const made = must(await all.directoryAdmin("eu").create("bench"));
  const invite = parseInvite(made.invite);
  if (invite === undefined) throw new Error("Cannot measure: the invite is none of ours");
  const workspace = all.workspaceAdmin(made.workspace.id);
  const { token } = must(await workspace.redeem(sha256Hex(made.invite)));
  const call = callOf(token);
  const source = must(await workspace.addSource(call, { name: "bench" }));
  const destination = must(
    await workspace.addDestination(call, {
      name: "nothing",
      slug: "webhook",
      sourceId: source.id,
      enabled: false,
      settings: { url: "https://nothing.example.com/", secret: "sixteen characters at least" },
      hosts: ["nothing.example.com"],
    }),
  );
  const keys: string[] = [];
  for (let i = 0; i < files; i++) {
    const key = formatKey({
      sourceId: source.id,
      dayMs: DAY_MS,
      ingestRegion: "eu1",
      shard: 0,
      incarnation: "abcd",
      firstSeq: i * eventsPerFile + 1,
      lastSeq: (i + 1) * eventsPerFile,
    });
    keys.push(key);
    await all.archiveMonth(source.id, monthOf(DAY_MS)).record({
      sourceId: source.id,
      key,
      location: "eu-west-1",
      events: eventsPerFile,
      rawBytes: 1,
      gzipBytes: 1,
      ndjsonSha256: "ab".repeat(32),
      firstReceivedAtMs: DAY_MS,
      lastReceivedAtMs: DAY_MS + 1,
      writtenBy: "homeport",
      userFilter: buildUserFilter(new Uint8Array(8)),
    });
  }
  return { token, sourceId: source.id, destinationId: destination.id, keys };
}

async function begin(
  env: Env,
  { token, sourceId, destinationId, rate }: Extract<Order, { how: "replay" }>,
): Promise<{ readonly replayId: ReplayId; readonly status: ReplayStatus }> {
  const all = objectsOf(env);
  const draft = { sourceId, destinationId, fromMs: DAY_MS, toMs: DAY_MS + 86_400_000 };
  const workspace = all.workspaceAdmin(workspaceOf(sourceId));
  const rated = { ...draft, isDryRun: false, ...(rate === undefined ? {} : { rate }) };
  const { spec } = must(await workspace.addReplay(callOf(token), rated));
  const status = await all.replay(spec.id).begin(spec, false);
  return { replayId: spec.id, status };
}

function callOf(token: string): AdminCall {
  const found = parseToken(token);
  if (found === undefined) throw new Error("Cannot measure: the token is none of ours");
  const { tokenId, sha256 } = found;
  return { credential: { tokenId, sha256 }, need: "write" };
}

function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`Cannot measure: ${answer.error.kind}`);
  return answer.value;
}
