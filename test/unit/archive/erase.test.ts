import { beforeEach, describe, expect, it } from "vitest";

import { fileOf, pieceOf } from "../../support/pieces.ts";
import { ErasableArchive, Killed } from "../../support/erasable-archive.ts";

let archive: ErasableArchive;

beforeEach(async () => {
  archive = new ErasableArchive();
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

  it("reads a file in pieces once, and writes those without the user as they were", async () => {
    const pieces = ['{"userId":"u2"}\n{"userId":"u3"}\n', '{"userId":"u1"}\n'].map((text) => {
      const raw = Buffer.from(text);
      return { raw, gzip: pieceOf(raw, 9) };
    });
    archive.put("2026-10/a", fileOf(pieces));

    await archive.slice();

    expect(archive.done.filter((call) => call === "get 2026-10/a")).toHaveLength(1);
    expect(archive.objects.get("2026-10/a")?.gzip).toEqual(
      new Uint8Array(fileOf(pieces.slice(0, 1))),
    );
  });

  it("reads a file again as any gzip that only looks as if it were made of pieces", async () => {
    const raw = Buffer.from('{"userId":"u1"}\n{"userId":"u2"}\n');
    const cutLine = [raw.subarray(0, 20), raw.subarray(20)].map((part) => ({
      raw: part,
      gzip: pieceOf(part, 2),
    }));
    archive.put("2026-10/a", fileOf(cutLine));

    await archive.slice();

    expect(archive.text("2026-10/a")).toBe('{"userId":"u2"}\n');
  });

  it("reads files as always where the bucket does not hand them out as they are stored", async () => {
    archive.isAlwaysDecoding = true;

    await archive.slice();

    expect([archive.text("2026-10/a"), archive.text("2026-11/c")]).toEqual([
      '{"userId":"u2"}\n',
      "",
    ]);
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

  it("asks a bucket that keeps no versions for none", async () => {
    await archive.slice();

    expect(archive.done.filter((done) => done.startsWith("remove older"))).toEqual([]);
  });

  it("removes what it wrote over before the file is recorded", async () => {
    archive.isVersioned = true;

    await archive.slice();

    expect(archive.done.filter((done) => done.endsWith("2026-10/a"))).toEqual([
      "get 2026-10/a",
      "put 2026-10/a",
      "remove older 2026-10/a",
      "record 2026-10/a",
    ]);
  });

  it("removes what an earlier life wrote over and did not come to remove", async () => {
    archive.isVersioned = true;
    archive.older.set("2026-11/c", [new Uint8Array()]);
    archive.write("2026-11/c", "");

    await archive.slice();

    expect(archive.older).toEqual(new Map());
  });

  it("removes the versions of a file that was deleted by hand", async () => {
    archive.isVersioned = true;
    archive.hide("2026-11/c");

    await archive.slice();

    expect(archive.older).toEqual(new Map());
  });

  it.each([
    ["needs-s3:DeleteObjectVersion", "refused"],
    ["bucket-unavailable", "unavailable"],
  ] as const)("stops with %s and does not record the file", async (failure, kind) => {
    archive.isVersioned = true;
    archive.removal = { kind, status: 403, code: "needs-s3:DeleteObjectVersion" };

    const slice = await archive.slice();

    expect([slice.isOver, slice.failure]).toEqual([false, failure]);
    expect(archive.done.filter((done) => done.startsWith("record"))).toEqual([]);
  });

  it("goes on once it may remove versions, and reads the file again", async () => {
    archive.isVersioned = true;
    archive.removal = { kind: "refused", status: 403, code: "needs-s3:ListBucketVersions" };
    const { position } = await archive.slice();
    archive.removal = undefined;

    const { isOver, totals } = await archive.slice(position);

    expect([isOver, totals.eventsErased, archive.older.size]).toEqual([true, 2, 0]);
  });

  it.each([false, true])(
    "comes to the same end whenever it is killed (versions: %s)",
    async (is) => {
      const calls = 40;
      for (let killedAt = 0; killedAt < calls; killedAt++) {
        archive = new ErasableArchive();
        archive.isVersioned = is;
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
        expect(archive.older).toEqual(new Map());
      }
    },
  );
});
