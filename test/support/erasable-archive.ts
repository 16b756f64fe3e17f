import { gunzipSync, gzipSync } from "node:zlib";

import type { RecordedFile } from "../../src/archive/archive-file.ts";
import { eraseSlice, type ErasedSlice, type EraseDeps } from "../../src/archive/erase.ts";
import { Spool, SpoolMemory } from "../../src/archive/spool.ts";
import { summariseFile } from "../../src/archive/summarise-file.ts";
import { matchesAny, prepareUsers } from "../../src/archive/user-filter.ts";
import { concatBytes } from "../../src/core/bytes.ts";
import { err, ok } from "../../src/core/result.ts";
import type { BucketFailure } from "../../src/s3/failures.ts";
import { MapLog, MapSpill } from "./erasing.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const USER = { type: "USER_ID", ids: new Set(["u1"]) } as const;

/** An archive of two months, in memory; what an erasure of the user `u1` does with it is written down. */
export class ErasableArchive {
  readonly objects = new Map<string, { gzip: Uint8Array; etag: number }>();
  /** What was written over, where the bucket keeps it. */
  readonly older = new Map<string, readonly Uint8Array[]>();
  isVersioned = false;
  /** Whether a bucket refuses to hand out an object as it is stored. */
  isAlwaysDecoding = false;
  /** What a removal of older versions is answered with, when not by doing it. */
  removal: BucketFailure | undefined;
  readonly catalogue = new Map<string, RecordedFile>();
  readonly done: string[] = [];
  readonly log = new MapLog();
  /** Called before each replacement. */
  beforeReplace: (key: string) => void = () => undefined;
  /** Files after which the slice is over. */
  sliceFiles = Infinity;
  #files = 0;
  /** Calls of ports until the life ends, before or after the call took effect. */
  callsLeft = Infinity;

  /** One call of a port: a kill may come right before it or right after it. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    if (this.callsLeft-- <= 0) throw new Killed();
    const done = await work();
    if (this.callsLeft-- <= 0) throw new Killed();
    return done;
  }

  async add(key: string, userIds: readonly string[]): Promise<void> {
    const text = userIds.map((userId) => `${JSON.stringify({ userId })}\n`).join("");
    this.write(key, text);
    const read = await summariseFile(new Blob([text]).stream(), KEY);
    if (!read.ok) throw new Error(read.error);
    this.catalogue.set(key, {
      key,
      sourceId: "src_eu_0123456789abcdef0123456789",
      location: "eu-west-1",
      events: userIds.length,
      rawBytes: text.length,
      gzipBytes: 1,
      ndjsonSha256: read.value.ndjsonSha256,
      firstReceivedAtMs: 1,
      lastReceivedAtMs: 2,
      writtenBy: "homeport",
      userFilter: read.value.userFilter,
    });
  }

  write(key: string, text: string): void {
    this.put(key, gzipSync(text));
  }

  put(key: string, gzip: Uint8Array): void {
    const etag = (this.objects.get(key)?.etag ?? 0) + 1;
    this.objects.set(key, { gzip, etag });
  }

  text(key: string): string {
    return gunzipSync(this.objects.get(key)?.gzip ?? new Uint8Array()).toString();
  }

  /** Deletes a file by hand. */
  hide(key: string): void {
    this.#keep(key);
    this.objects.delete(key);
  }

  #keep(key: string): void {
    const { gzip = new Uint8Array() } = this.objects.get(key) ?? {};
    this.older.set(key, [...(this.older.get(key) ?? []), gzip]);
  }

  #version(etag: number): { readonly versionId?: string } {
    return this.isVersioned ? { versionId: `v${etag}` } : {};
  }

  slice(position?: ErasedSlice["position"]): Promise<ErasedSlice> {
    this.#files = 0;
    const deps = this.#deps();
    return eraseSlice(position, {
      ...deps,
      matching: (month, hashes, after) => this.#call(() => deps.matching(month, hashes, after)),
      find: (month, key) => this.#call(() => deps.find(month, key)),
      rewrote: (month, file) => this.#call(() => deps.rewrote(month, file)),
      bucket: async (file) => {
        const bucket = await deps.bucket(file);
        return {
          get: (...args) => this.#call(() => bucket.get(...args)),
          replace: (...args) => this.#call(() => bucket.replace(...args)),
          removeOlder: (key) => this.#call(() => bucket.removeOlder(key)),
        };
      },
    });
  }

  #deps(): EraseDeps {
    return {
      subjects: USER,
      fingerprintKey: KEY,
      months: async () => ["2026-10", "2026-11"],
      matching: async (month, hashes, after) => {
        const query = prepareUsers(hashes);
        const files = [...this.catalogue.values()].filter(
          ({ key, userFilter }) => key.startsWith(month) && matchesAny(userFilter, query),
        );
        const positions = files.map(({ key }) => key).filter((key) => key > (after ?? ""));
        return {
          files: files.filter(({ key }) => positions.includes(key)),
          positions,
          examined: files.length,
          next: undefined,
        };
      },
      bucket: async () => ({
        get: async (key, options) => {
          this.done.push(`get ${key}`);
          const isRefused = this.isAlwaysDecoding && options?.isAsStored === true;
          if (isRefused) return err({ kind: "refused", status: 400, code: "InvalidArgument" });
          const object = this.objects.get(key);
          const isHidden = object === undefined && this.older.has(key);
          if (isHidden) return err({ kind: "not-found", isMarked: true });
          if (object === undefined) return err({ kind: "not-found" });
          const { gzip, etag } = object;
          const body = new Blob([gzip.slice()]).stream();
          const head = { size: gzip.byteLength, etag: String(etag), meta: new Map(), body };
          return ok({ ...head, ...this.#version(etag) });
        },
        replace: async (key, content, etag) => {
          const body = content instanceof Uint8Array ? content : concatBytes([...content.read()]);
          this.beforeReplace(key);
          if (String(this.objects.get(key)?.etag) !== etag) return err({ kind: "changed" });
          this.done.push(`put ${key}`);
          if (this.isVersioned) this.#keep(key);
          this.objects.set(key, { gzip: body, etag: Number(etag) + 1 });
          return ok({ etag, ...this.#version(Number(etag) + 1) });
        },
        removeOlder: async (key) => {
          this.done.push(`remove older ${key}`);
          if (this.removal !== undefined) return err(this.removal);
          this.older.delete(key);
          return ok(undefined);
        },
      }),
      rewrote: async (_month, file) => {
        this.done.push(`record ${file.key}`);
        this.catalogue.set(file.key, file);
      },
      log: this.log,
      find: async (_month, key) => this.catalogue.get(key),
      spool: () => new Spool(0, new SpoolMemory(0), new MapSpill()),
      isOver: () => this.#files++ >= this.sliceFiles,
      mayGoOn: async () => true,
    };
  }
}

/** The life ended. */
export class Killed extends Error {}
