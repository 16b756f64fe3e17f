import { gunzipSync, gzipSync } from "node:zlib";

import { beforeEach, describe, expect, it } from "vitest";

import type { RecordedFile } from "../../../src/archive/archive-file.ts";
import { eraseSlice, type ErasedSlice, type EraseDeps } from "../../../src/archive/erase.ts";
import { matchesAny, prepareUsers } from "../../../src/archive/user-filter.ts";
import { Spool, SpoolMemory } from "../../../src/archive/spool.ts";
import { summariseFile } from "../../../src/archive/summarise-file.ts";
import { concatBytes } from "../../../src/core/bytes.ts";
import { err, ok } from "../../../src/core/result.ts";
import { MapLog, MapSpill } from "../../support/erasing.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const USER = { type: "USER_ID", ids: new Set(["u1"]) } as const;

/** An archive of two months, in memory; what it does is written down. */
class Archive {
  readonly objects = new Map<string, { gzip: Uint8Array; etag: number }>();
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
    const etag = (this.objects.get(key)?.etag ?? 0) + 1;
    this.objects.set(key, { gzip: gzipSync(text), etag });
  }

  text(key: string): string {
    return gunzipSync(this.objects.get(key)?.gzip ?? new Uint8Array()).toString();
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
          get: (key) => this.#call(() => bucket.get(key)),
          replace: (...args) => this.#call(() => bucket.replace(...args)),
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
        get: async (key) => {
          this.done.push(`get ${key}`);
          const object = this.objects.get(key);
          if (object === undefined) return err({ kind: "not-found" });
          const { gzip, etag } = object;
          const body = new Blob([gzip.slice()]).stream();
          return ok({ size: gzip.byteLength, etag: String(etag), meta: new Map(), body });
        },
        replace: async (key, content, etag) => {
          const body = content instanceof Uint8Array ? content : concatBytes([...content.read()]);
          this.beforeReplace(key);
          if (String(this.objects.get(key)?.etag) !== etag) return err({ kind: "changed" });
          this.done.push(`put ${key}`);
          this.objects.set(key, { gzip: body, etag: Number(etag) + 1 });
          return ok({ etag });
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

class Killed extends Error {}

let archive: Archive;

beforeEach(async () => {
  archive = new Archive();
  await archive.add("2026-10/a", ["u1", "u2"]);
  await archive.add("2026-10/b", ["u2"]);
  await archive.add("2026-11/c", ["u1"]);
});

describe("eraseSlice()", () => {
  it("opens only files whose filter matches, and records each after it was written", async () => {
    await archive.slice();

    expect(archive.done).toEqual([
      "get 2026-10/a",
      "put 2026-10/a",
      "record 2026-10/a",
      "get 2026-11/c",
      "put 2026-11/c",
      "record 2026-11/c",
    ]);
  });

  it("counts what it did", async () => {
    const { isOver, counts, totals } = await archive.slice();

    expect(isOver).toBe(true);
    expect([counts.filesRead, totals]).toMatchObject([2, { filesRewritten: 2, eventsErased: 2 }]);
  });

  it("goes on where the slice before it ended", async () => {
    archive.sliceFiles = 1;
    const first = await archive.slice();
    archive.sliceFiles = Infinity;

    const second = await archive.slice(first.position);

    expect([first.isOver, second.isOver, second.counts.filesRead]).toEqual([false, true, 1]);
  });

  it("records what an earlier life wrote and did not come to record", async () => {
    archive.write("2026-11/c", "");

    await archive.slice();

    expect(archive.catalogue.get("2026-11/c")?.events).toBe(0);
  });

  it("reads a file again that somebody else replaced meanwhile", async () => {
    archive.beforeReplace = (key) => {
      archive.beforeReplace = () => undefined;
      archive.write(key, '{"userId":"u3"}\n{"userId":"u1"}\n');
    };

    await archive.slice();

    expect(archive.text("2026-10/a")).toBe('{"userId":"u3"}\n');
  });

  it("finds nothing to read when it is done once more", async () => {
    await archive.slice();

    const { counts } = await archive.slice();

    expect(counts.filesRead).toBe(0);
  });

  it("passes over a file that is not there any more", async () => {
    archive.objects.delete("2026-10/a");

    expect(await archive.slice()).toMatchObject({ isOver: true });
  });

  it("comes to the same end whenever it is killed, and counts each file once", async () => {
    const calls = 40;
    for (let killedAt = 0; killedAt < calls; killedAt++) {
      archive = new Archive();
      await archive.add("2026-10/a", ["u1", "u2", "u1"]);
      await archive.add("2026-10/b", ["u3", "u1"]);
      await archive.add("2026-11/c", ["u1"]);
      archive.callsLeft = killedAt;
      await archive.slice().catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      archive.callsLeft = Infinity;

      const { isOver, totals } = await archive.slice();

      const texts = ["2026-10/a", "2026-10/b", "2026-11/c"].map((key) => archive.text(key));
      expect([killedAt, isOver, texts]).toEqual([
        killedAt,
        true,
        ['{"userId":"u2"}\n', '{"userId":"u3"}\n', ""],
      ]);
      expect(totals).toMatchObject({ filesRewritten: 3, eventsErased: 4 });
    }
  });
});
