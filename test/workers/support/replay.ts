import { runDurableObjectAlarm } from "cloudflare:test";
import { expect } from "vitest";

import { formatKey, monthOf } from "../../../src/archive/key.ts";
import { buildUserFilter } from "../../../src/archive/user-filter.ts";
import type { DestinationId, SourceId } from "../../../src/core/ids.ts";
import { locate } from "../../../src/region/placement.ts";
import type { ReplayId } from "../../../src/replay/replay.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./api.ts";
import { FakeS3, gzip } from "./fake-s3.ts";

const HOST = "sink.example.com";
const DUBLIN = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";
export const DAY_MS = Date.UTC(2026, 10, 20);

type Event = Record<string, unknown> & { readonly messageId: string };
type Answer = (event: Record<string, unknown>) => Response | Promise<Response>;

/** A source with a destination that is off, the stand-in for its vendor, and an archive. */
export class ReplayWorld {
  readonly services = makeServices();
  got: { readonly key: string; readonly body: Record<string, unknown> }[] = [];
  answer: Answer = () => new Response("ok");
  readonly #s3 = new FakeS3().install();
  #token = "";
  #sourceId: SourceId | undefined;
  #destinationId: DestinationId | undefined;
  #files = 0;

  static async make(): Promise<ReplayWorld> {
    const world = new ReplayWorld();
    await world.#begin();
    return world;
  }

  get token(): string {
    return this.#token;
  }

  get sourceId(): SourceId {
    if (this.#sourceId === undefined) throw new Error("Cannot test: the world was not made");
    return this.#sourceId;
  }

  get archive() {
    return this.services.archive(this.sourceId);
  }

  /** What the vendor got, by messageId. */
  ids(): readonly string[] {
    return this.got.map(({ body }) => String(body["messageId"]));
  }

  /** An archive file of these events, a minute apart from the beginning of the day. */
  async addFile(events: readonly Event[]): Promise<string> {
    const firstSeq = ++this.#files;
    const name = { sourceId: this.sourceId, dayMs: DAY_MS, ingestRegion: "eu1", shard: 0 } as const;
    const key = formatKey({ ...name, incarnation: "abcd", firstSeq, lastSeq: firstSeq });
    const gzipBytes = await this.putFile(key, events);
    await this.services.archiveMonth(this.sourceId, monthOf(DAY_MS)).record({
      sourceId: this.sourceId,
      key,
      location: "eu-west-1",
      events: events.length,
      rawBytes: 100,
      gzipBytes,
      ndjsonSha256: "ab".repeat(32),
      firstReceivedAtMs: DAY_MS,
      lastReceivedAtMs: DAY_MS + (events.length - 1) * 60_000,
      writtenBy: "homeport",
      userFilter: buildUserFilter(new Uint8Array(8)),
    });
    return key;
  }

  /** Puts a file, or another in its place, past the catalogue. */
  async putFile(key: string, events: readonly Event[]): Promise<number> {
    const lines = events.map((event, i) => {
      const receivedAt = new Date(DAY_MS + i * 60_000).toISOString();
      return JSON.stringify({ receivedAt, type: "track", ...event });
    });
    const bytes = await gzip(`${lines.join("\n")}\n`);
    this.#s3.put(`${DUBLIN}/${key}`, bytes);
    return bytes.byteLength;
  }

  async begin(changes: Record<string, unknown> = {}): Promise<ReplayId> {
    const from = new Date(DAY_MS).toISOString();
    const ids = { sourceId: this.sourceId, destinationId: this.#destinationId };
    const body = { ...ids, from, ...changes };
    const made = await call("POST", "/api/v1/replays", { token: this.#token, body });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body.replay.id as ReplayId;
  }

  act(id: ReplayId, act: string) {
    return call("POST", `/api/v1/replays/${id}/${act}`, { token: this.#token });
  }

  stub(replayId: ReplayId) {
    return locate(ENV.REPLAY, { kind: "replay", replayId }, CONFIG.jurisdictions);
  }

  async slice(id: ReplayId): Promise<void> {
    await runDurableObjectAlarm(this.stub(id));
  }

  async show(id: ReplayId): Promise<Record<string, unknown>> {
    const { body } = await call("GET", `/api/v1/replays/${id}`, { token: this.#token });
    return body.replay as Record<string, unknown>;
  }

  /** Runs slices until the replay rests in that state. */
  async until(id: ReplayId, state: string): Promise<Record<string, unknown>> {
    for (let i = 0; i < 50; i++) {
      const replay = await this.show(id);
      if (replay["state"] === state) return replay;
      await this.slice(id);
    }
    throw new Error(`Cannot go on: the replay does not come to be ${state}`);
  }

  async #begin(): Promise<void> {
    this.#s3.intercept = async (request) => {
      if (new URL(request.url).host !== HOST) return undefined;
      const body = (await request.json()) as Record<string, unknown>;
      this.got.push({ key: request.headers.get("idempotency-key") ?? "", body });
      return this.answer(body);
    };
    this.#token = (await makeWorkspace("eu")).token;
    const token = this.#token;
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
    this.#sourceId = made.body.source.id as SourceId;
    const body = {
      name: "Sink",
      slug: "webhook",
      sourceId: this.#sourceId,
      enabled: false,
      settings: { url: `https://${HOST}/in`, secret: "a secret of sixteen chars" },
      hosts: [HOST],
    };
    const destination = await call("POST", "/api/v1/destinations", { token, body });
    this.#destinationId = destination.body.destination.id as DestinationId;
  }
}
