import "../../src/egress/install.ts";

import { DurableObject } from "cloudflare:workers";

import { DELIVERY_LANE_MIGRATIONS } from "../../durable-objects/storage/delivery-lane.schema.ts";
import { migrate } from "../../durable-objects/storage/migrate.ts";
import type { Deliverer } from "../../src/deliver/deliverer.ts";
import { kitDeliverer } from "../../src/deliver/kit/kit-deliverer.ts";
import { DeliveryCounts } from "../../src/deliver/lane/counts.ts";
import { newEntry } from "../../src/deliver/lane/entry.ts";
import { idempotencyKey } from "../../src/deliver/lane/idempotency.ts";
import { LaneStorage } from "../../src/deliver/lane/lane-storage.ts";
import { Pace } from "../../src/deliver/lane/pace.ts";
import { RETRY_RULE } from "../../src/deliver/lane/retry.ts";
import { LaneRunner } from "../../src/deliver/lane/run-lane.ts";

type Order = {
  readonly how: "bare" | "lane";
  readonly slug: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly events: number;
};

type Env = {
  readonly LANE: {
    getByName(name: string): { fetch(request: Request): Promise<Response> };
  };
};

const LANE = {
  sourceId: "src_eu_0123456789abcdefghjkmnpqrs",
  destinationId: "dst_eu_0123456789abcdefghjkmnpqrs",
} as const;

/** Runs in an object both times, so that only what the lane adds differs. */
export class BenchLane extends DurableObject {
  override async fetch(request: Request): Promise<Response> {
    const { how, events, slug, settings } = await request.json<Order>();
    const lines = Array.from({ length: events }, (_, i) => lineOf(i));
    const deliverer = await kitDeliverer({
      slug,
      settings,
      mappings: [],
      declaredHosts: [],
      region: "eu",
      development: false,
      now: () => Date.now(),
    });
    const delivered =
      how === "bare"
        ? await deliverBare(deliverer, lines)
        : await this.#deliverByLane(deliverer, lines);
    return Response.json({ delivered });
  }

  async #deliverByLane(deliverer: Deliverer, lines: readonly string[]): Promise<number> {
    migrate(this.ctx.storage, DELIVERY_LANE_MIGRATIONS);
    const storage = new LaneStorage(this.ctx.storage);
    const counts = new DeliveryCounts([]);
    const runner = new LaneRunner({
      storage,
      counts,
      pace: new Pace(() => Math.random()),
      log: {
        peek: async (max) => {
          const { position } = storage;
          const some = lines.slice(position, position + max.events);
          if (some.length === 0) return { kind: "none" };
          const entries = some.map((line, i) => newEntry(position + i + 1, line));
          return { kind: "events", entries, lastSeq: position + some.length, isEnd: false };
        },
        advance: () => undefined,
      },
      ready: async () => ({
        kind: "ready",
        destination: {
          deliverer,
          decide: (event) => ({ kind: "deliver", event }),
          rule: RETRY_RULE,
        },
      }),
      keyOf: (event, seq) => idempotencyKey(LANE, event, seq),
      now: () => Date.now(),
      random: () => Math.random(),
      isOver: () => false,
      noteFailure: () => undefined,
    });
    await runner.run();
    return counts
      .all()
      .filter(({ step }) => step === "successful-delivery")
      .reduce((sum, { count }) => sum + count, 0);
  }
}

/** The same calls one after another, with nothing around them. */
async function deliverBare(deliverer: Deliverer, lines: readonly string[]): Promise<number> {
  let delivered = 0;
  for (let done = 0; done < lines.length; done += deliverer.batch.events) {
    const batch = lines.slice(done, done + deliverer.batch.events).map((line, i) => ({
      event: JSON.parse(line) as Record<string, unknown>,
      idempotencyKey: String(done + i),
    }));
    const outcomes = await deliverer.deliver(batch, new AbortController().signal);
    delivered += outcomes.filter(({ kind }) => kind === "delivered").length;
  }
  return delivered;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    return env.LANE.getByName(crypto.randomUUID()).fetch(request);
  },
};

function lineOf(index: number): string {
  const now = new Date().toISOString();
  return JSON.stringify({
    type: "track",
    event: "Signed Up",
    userId: `user-${index}`,
    anonymousId: `anonymous-${index}`,
    messageId: `message-${index}`,
    timestamp: now,
    receivedAt: now,
    properties: { order_id: `${index}`, revenue: 9.5, currency: "EUR" },
    context: { ip: "192.0.2.1", locale: "en", page: { url: "https://www.example.com/" } },
    integrations: {},
  });
}
