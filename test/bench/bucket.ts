import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { credentialsAt } from "../../scripts/local-aws/options.ts";
import { s3Client } from "../support/read-bucket.ts";
import type { Ours } from "./subjects.ts";

/** A file that came into the bucket while it was watched. */
export type Landed = { readonly key: string; readonly events: number; readonly atMs: number };

const LOCATION = "eu-west-1";
const BUCKET = "homeport-eu-west-1";
/** More than the age at which production seals; whoever waits longer waits for nothing. */
const STALL_MS_MAX = 150_000;
const RANGE = /-(\d+)-(\d+)\.gz$/;

/** Sees the files of one source arrive, by the bucket's own log of requests. */
export class BucketWatch {
  readonly #ours: Ours;
  readonly #prefix: string;
  readonly #pollMs: number;
  #after = 0;
  #stopped = false;
  readonly landed: Landed[] = [];
  readonly #watching: Promise<void>;

  /** @param pollMs how late a file may be seen; that much is part of every figure. */
  constructor(ours: Ours, sourceId: string, pollMs: number) {
    this.#ours = ours;
    this.#prefix = `segment-logs/${sourceId}/`;
    this.#pollMs = pollMs;
    this.#watching = this.#watch();
  }

  /**
   * Resolves when the bucket holds that many events.
   *
   * @throws Error when they do not come, or more than that do.
   */
  async holds(events: number): Promise<void> {
    const startMs = Date.now();
    while (this.events < events) {
      const lastMs = this.landed.at(-1)?.atMs ?? startMs;
      if (Date.now() - Math.max(startMs, lastMs) > STALL_MS_MAX) {
        throw new Error(`Cannot measure: ${this.events} of ${events} events are in the bucket`);
      }
      await wait(this.#pollMs);
    }
    this.#stopped = true;
    await this.#watching;
    if (this.events > events) {
      throw new Error(
        `Cannot measure: ${this.events} events are in the bucket, ${events} were sent`,
      );
    }
  }

  get events(): number {
    return this.landed.reduce((sum, file) => sum + file.events, 0);
  }

  /** Calls `visit` with the NDJSON of each file, one after the other. */
  async readEach(visit: (ndjson: Buffer, file: Landed) => void): Promise<void> {
    const endpoint = this.#ours.aws.endpoints[LOCATION];
    const client = s3Client({ endpoint, location: LOCATION, credentials: credentialsAt(LOCATION) });
    for (const file of this.landed) {
      const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: file.key }));
      const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      visit(bytes[0] === 0x1f ? gunzipSync(bytes) : Buffer.from(bytes), file);
    }
    client.destroy();
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      for (const call of await this.#ours.aws.requests(this.#after)) {
        this.#after = call.number;
        if (call.method !== "PUT" || !call.landed || !call.key.startsWith(this.#prefix)) continue;
        const [, first, last] = RANGE.exec(call.key) ?? [];
        const events = Number(last) - Number(first) + 1;
        this.landed.push({ key: call.key, events, atMs: Date.now() });
      }
      await wait(this.#pollMs);
    }
  }
}
