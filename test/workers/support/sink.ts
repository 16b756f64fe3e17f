import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, vi } from "vitest";

import { concatBytes } from "../../../src/core/bytes.ts";
import type { DestinationId, SourceId } from "../../../src/core/ids.ts";
import { locate } from "../../../src/region/placement.ts";
import { appendOf } from "../../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./api.ts";
import { FakeS3 } from "./fake-s3.ts";

export const HOST = "sink.example.com";
const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

type Event = Readonly<Record<string, unknown>>;

/** A source in eu with a webhook, the buckets behind it, and the server that the webhook reaches. */
export class Sink {
  readonly services = makeServices();
  readonly s3: FakeS3;
  readonly token: string;
  readonly sourceId: SourceId;
  /** What came, in order. */
  got: { readonly key: string; readonly body: Event }[] = [];
  answer: (event: Event) => Response = () => new Response("ok");
  #destinationId: DestinationId | undefined;

  static async open(): Promise<Sink> {
    const s3 = new FakeS3().install();
    const { token } = await makeWorkspace("eu");
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
    const sink = new Sink(s3, token, made.body.source.id as SourceId);
    sink.#destinationId = await sink.connect();
    return sink;
  }

  private constructor(s3: FakeS3, token: string, sourceId: SourceId) {
    this.s3 = s3;
    this.token = token;
    this.sourceId = sourceId;
    s3.intercept = async (request) => {
      if (new URL(request.url).host !== HOST) return undefined;
      const key = request.headers.get("idempotency-key") ?? "";
      const body = (await request.json()) as Event;
      this.got.push({ key, body });
      return this.answer(body);
    };
  }

  get destinationId(): DestinationId {
    if (this.#destinationId === undefined) throw new Error("Cannot test: nothing is connected");
    return this.#destinationId;
  }

  async connect(changes: Event = {}): Promise<DestinationId> {
    const made = await call("POST", "/api/v1/destinations", {
      token: this.token,
      body: {
        name: "Sink",
        slug: "webhook",
        sourceId: this.sourceId,
        settings: { url: `https://${HOST}/in`, secret: "a secret of sixteen chars" },
        hosts: [HOST],
        ...changes,
      },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body.destination.id as DestinationId;
  }

  /** Appends events with these messageIds, as a Worker would. */
  append(ids: readonly string[]) {
    const encoder = new TextEncoder();
    const receivedAt = new Date().toISOString();
    const lines = ids.map((id) => {
      const event = { receivedAt, type: "track", messageId: id, userId: id.split("-")[0] };
      return encoder.encode(`${JSON.stringify(event)}\n`);
    });
    let end = 0;
    const append = appendOf(ids, {
      receivedAtMs: Date.now(),
      lines: concatBytes(lines),
      ends: Uint32Array.from(lines, (line) => (end += line.length)),
    });
    return this.queue().append(append);
  }

  queue() {
    return this.services.queue(this.sourceId, EU1_0);
  }

  /** The lane's stub, as the test runtime wants it to run alarms and to evict. */
  stub() {
    const { destinationId, sourceId } = this;
    const name = { kind: "lane", destinationId, sourceId, ...EU1_0 } as const;
    return locate(ENV.DELIVERY_LANE, name, CONFIG.jurisdictions);
  }

  status() {
    const { destinationId, sourceId } = this;
    return this.services.lane({ destinationId, sourceId, ...EU1_0 }).status();
  }

  /** The messageIds that came, in order. */
  ids(): readonly string[] {
    return this.got.map(({ body }) => String(body["messageId"]));
  }

  async arrived(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.got.length).toBeGreaterThanOrEqual(count), {
      timeout: 10_000,
    });
  }

  /** Lets the lane's alarm find everything due, as if that time had passed. */
  async pass(ms: number): Promise<void> {
    const now = Date.now() + ms;
    vi.spyOn(Date, "now").mockReturnValue(now);
    await runDurableObjectAlarm(this.stub());
  }
}
