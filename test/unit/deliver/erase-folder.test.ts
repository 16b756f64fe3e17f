import { gunzipSync, gzipSync } from "node:zlib";

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

import { err, ok } from "../../../src/core/result.ts";
import type { ErasedFiles } from "../../../src/deliver/deliverer.ts";
import { eraseFolders, type FileKind, type Folder } from "../../../src/deliver/erase-folder.ts";
import { linesWithout } from "../../../src/deliver/erase-lines.ts";
import type { BucketFailure } from "../../../src/s3/failures.ts";

type Held = {
  body: Uint8Array;
  etag: number;
  lastModifiedMs: number;
  meta?: Readonly<Record<string, string>>;
};

const HOUR_MS = 3_600_000;
const LATE_MS = 1_000;
const SUBJECTS = { type: "USER_ID", ids: new Set(["u1"]) } as const;
const KIND: FileKind = {
  isOurs: (key) => key.endsWith(".gz"),
  rewrite: (file) => linesWithout(SUBJECTS, file),
  object: { contentType: "text/plain", contentEncoding: "gzip" },
};

/** A bucket in memory, with keys in order and pages of two. */
class Shelf {
  readonly objects = new Map<string, Held>();
  readonly got: string[] = [];
  failure: BucketFailure | undefined;
  /** Keys of which the bucket keeps what was written over; none where it keeps no versions. */
  readonly older = new Set<string>();
  isVersioned = false;
  /** What a removal of older versions is answered with, when not by doing it. */
  removal: BucketFailure | undefined;
  beforeReplace: () => void = () => undefined;

  put(key: string, lines: readonly string[], lastModifiedMs = 0): void {
    const body = new Uint8Array(gzipSync(lines.map((line) => `${line}\n`).join("")));
    const etag = (this.objects.get(key)?.etag ?? 0) + 1;
    this.objects.set(key, { body, etag, lastModifiedMs });
  }

  lines(key: string): readonly string[] {
    const text = gunzipSync(this.objects.get(key)?.body ?? gzipSync("")).toString("utf8");
    return text.split("\n").filter(Boolean);
  }

  readonly bucket: Folder["bucket"] = {
    list: async (prefix, { after = "" }) => {
      const keys = [...this.objects.keys()]
        .filter((key) => key.startsWith(prefix) && key > after)
        .toSorted();
      const entries = keys.slice(0, 2).map((key) => {
        return { key, size: 1, lastModifiedMs: this.objects.get(key)?.lastModifiedMs ?? 0 };
      });
      return ok({ entries, next: keys.length > 2 ? keys[1] : undefined });
    },
    get: async (key) => {
      this.got.push(key);
      if (this.failure !== undefined) return err(this.failure);
      const held = this.objects.get(key);
      if (held === undefined) return err({ kind: "not-found" });
      const meta = new Map(Object.entries(held.meta ?? {}));
      const head = { size: held.body.byteLength, etag: String(held.etag), meta };
      const version = this.isVersioned ? { versionId: `v${held.etag}` } : {};
      return ok({
        ...head,
        ...version,
        body: new Blob([held.body as Uint8Array<ArrayBuffer>]).stream(),
      });
    },
    replace: async (key, body, etag, { meta = {} }) => {
      this.beforeReplace();
      const held = this.objects.get(key);
      if (String(held?.etag) !== etag) return err({ kind: "changed" });
      this.objects.set(key, {
        body: body as Uint8Array,
        etag: Number(etag) + 1,
        lastModifiedMs: 1,
        meta,
      });
      if (this.isVersioned) this.older.add(key);
      return ok({ etag: String(Number(etag) + 1) });
    },
    removeOlder: async (key) => {
      this.got.push(`older ${key}`);
      if (this.removal !== undefined) return err(this.removal);
      this.older.delete(key);
      return ok(undefined);
    },
  };
}

const lineOf = (userId: unknown, n: number): string => JSON.stringify({ userId, n });

let shelf: Shelf;
let nowMs: number;

beforeEach(() => {
  shelf = new Shelf();
  nowMs = 10 * HOUR_MS;
});

/** One slice, which is over after so many questions. */
function slice(position: string | undefined, asks = Infinity): Promise<ErasedFiles> {
  let left = asks;
  const folders = [{ bucket: shelf.bucket, prefix: "copies/" }];
  return eraseFolders(folders, KIND, {
    position,
    isOver: () => left-- <= 0,
    now: () => nowMs,
    lateMs: LATE_MS,
  });
}

/** Slices until it is over; between two of them an hour passes. */
async function all(asks = Infinity): Promise<readonly ErasedFiles[]> {
  const answers: ErasedFiles[] = [];
  for (;;) {
    const answer = await slice(answers.at(-1)?.position, asks);
    answers.push(answer);
    if (answer.kind === "slice" && answer.isOver) return answers;
    nowMs += HOUR_MS;
  }
}

describe("eraseFolders()", () => {
  it("leaves no line of the user, and every other as it was, however short the slices are", async () => {
    const files = fc.array(fc.array(fc.constantFrom("u1", "u11", "xu1", 1, null)), {
      maxLength: 9,
    });

    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 4 }), async (users, asks) => {
        shelf = new Shelf();
        for (const [i, ids] of users.entries()) {
          shelf.put(`copies/${i}.gz`, ids.map(lineOf));
        }

        await all(asks);

        for (const [i, ids] of users.entries()) {
          const kept = ids.map(lineOf).filter((line) => !line.includes('"u1"'));
          expect(shelf.lines(`copies/${i}.gz`)).toEqual(kept);
        }
      }),
    );
  });

  it("goes once more through what was written since it began, once no write can land any more", async () => {
    shelf.put("copies/a.gz", [lineOf("u2", 1)], 0);
    const first = await slice(undefined);
    shelf.put("copies/late.gz", [lineOf("u1", 1), lineOf("u2", 2)], nowMs);
    const waiting = await slice(first.position);
    nowMs += LATE_MS;

    const last = await slice(waiting.position);

    expect([first, waiting, last]).toMatchObject([
      { isOver: false },
      { isOver: false },
      { isOver: true, counts: { filesRead: 1, filesRewritten: 1, eventsErased: 1 } },
    ]);
    expect(shelf.lines("copies/late.gz")).toEqual([lineOf("u2", 2)]);
  });

  it("reads a file again that somebody else wrote over meanwhile", async () => {
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);
    shelf.beforeReplace = () => {
      shelf.beforeReplace = () => undefined;
      shelf.put("copies/a.gz", [lineOf("u1", 1), lineOf("u2", 2)]);
    };

    await all();

    expect(shelf.lines("copies/a.gz")).toEqual([lineOf("u2", 2)]);
  });

  it("opens no file that is not one of ours", async () => {
    shelf.put("copies/notes.txt", ["u1"]);
    shelf.put("others/a.gz", [lineOf("u1", 1)]);

    await all();

    expect(shelf.got).toEqual([]);
  });

  it.each<[BucketFailure, string, string]>([
    [{ kind: "refused", status: 403, code: "AccessDenied" }, "refused", "403"],
    [{ kind: "unavailable", status: 503, code: "SlowDown" }, "retry", "503"],
    [{ kind: "unknown", code: "timeout" }, "retry", "ETIMEDOUT"],
  ])("says that a bucket answers %j, and goes on from there", async (failure, kind, code) => {
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);
    shelf.failure = failure;
    const refused = await slice(undefined);
    shelf.failure = undefined;

    await slice(refused.position);

    expect(refused).toMatchObject({ kind, code });
    expect(shelf.lines("copies/a.gz")).toEqual([]);
  });

  it("removes what a bucket with versions keeps of the files that it wrote, and asks for no other", async () => {
    shelf.isVersioned = true;
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);
    shelf.put("copies/b.gz", [lineOf("u2", 1)]);

    await all();

    expect([shelf.older, shelf.got.includes("older copies/b.gz")]).toEqual([new Set(), false]);
  });

  it("asks a bucket that keeps no versions for none", async () => {
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);

    await all();

    expect(shelf.got.filter((got) => got.startsWith("older"))).toEqual([]);
  });

  it("removes what an earlier life wrote over and did not come to remove", async () => {
    shelf.isVersioned = true;
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);
    shelf.removal = { kind: "unknown", code: "killed" };
    const { position } = await slice(undefined);
    shelf.removal = undefined;

    await slice(position);

    expect(shelf.older).toEqual(new Set());
  });

  it.each<[BucketFailure, string, string]>([
    [
      { kind: "refused", status: undefined, code: "needs-s3:DeleteObjectVersion" },
      "refused",
      "needs-s3:DeleteObjectVersion",
    ],
    [{ kind: "unavailable", status: 503, code: "SlowDown" }, "retry", "503"],
  ])("says that versions stay when it is answered %j", async (removal, kind, code) => {
    shelf.isVersioned = true;
    shelf.put("copies/a.gz", [lineOf("u1", 1)]);
    shelf.removal = removal;

    expect(await slice(undefined)).toMatchObject({ kind, code });
  });

  it("touches no file that it cannot read, and says so", async () => {
    shelf.put("copies/a.gz", ["no event", lineOf("u1", 1)]);

    expect(await slice(undefined)).toMatchObject({ kind: "refused", code: "UNREADABLE" });
    expect(shelf.lines("copies/a.gz")).toHaveLength(2);
  });
});
