import { describe, expect, it } from "vitest";

import { Remover } from "../../../src/s3/remover.ts";
import { VersionedBucket, type Quirks } from "../../support/versioned-bucket.ts";

function bucketWith(keys: readonly string[], quirks: Quirks = {}): VersionedBucket {
  const bucket = new VersionedBucket(quirks);
  for (const key of keys) bucket.put(key);
  return bucket;
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => `logs/a/${i}.gz`);

describe("Remover.removeMany()", () => {
  it("removes a thousand objects with each request", async () => {
    const bucket = bucketWith(keys(2500));

    await new Remover(bucket).removeMany(keys(2500));

    expect([bucket.kept, bucket.requests]).toEqual([
      [],
      ["POST delete", "POST delete", "POST delete"],
    ]);
  });

  it("removes no other object", async () => {
    const bucket = bucketWith([...keys(3), "logs/a/10.gz", "logs/b/0.gz"]);

    await new Remover(bucket).removeMany(keys(3));

    expect(bucket.kept).toEqual(["logs/a/10.gz", "logs/b/0.gz"]);
  });

  it("goes one by one where the bucket knows no batches, and asks for one only once", async () => {
    const bucket = bucketWith(keys(8), { hasNoBatches: true });
    const remover = new Remover(bucket);

    await remover.removeMany(keys(4));
    await remover.removeMany(keys(8));

    expect(bucket.kept).toEqual([]);
    expect(bucket.requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
  });

  it.each([{}, { hasNoBatches: true }])(
    "removes every version of the objects, and of no others (%j)",
    async (quirks) => {
      const twice = [...keys(30), ...keys(30), "logs/a/3"];
      const bucket = bucketWith(twice, { ...quirks, isVersioned: true, pageMax: 7 });

      await new Remover(bucket).removeMany(keys(30));

      expect(bucket.kept).toEqual(["logs/a/3"]);
    },
  );

  it("lists no versions behind those of the last object", async () => {
    const later = Array.from({ length: 100 }, (_, i) => `logs/a/9${i}.gz`);
    const bucket = bucketWith([...keys(3), ...later], { isVersioned: true, pageMax: 7 });

    await new Remover(bucket).removeMany(keys(3));

    const listings = bucket.requests.filter((request) => request.startsWith("GET"));
    expect([bucket.kept.length, listings.length]).toEqual([100, 1]);
  });

  it("says which objects the bucket will not remove, and why", async () => {
    const bucket = bucketWith(keys(3), { locked: ["logs/a/1.gz"] });

    const removed = await new Remover(bucket).removeMany(keys(3));

    expect(removed).toEqual({
      ok: true,
      value: { refused: new Map([["logs/a/1.gz", "AccessDenied"]]) },
    });
    expect(bucket.kept).toEqual(["logs/a/1.gz"]);
  });

  it("does not call an object removed whose versions it may not see", async () => {
    const versions = { status: 403, code: "AccessDenied" };
    const bucket = bucketWith(keys(1), { isVersioned: true, versions });

    const removed = await new Remover(bucket).removeMany(keys(1));

    expect(removed.ok && [...removed.value.refused]).toEqual([
      ["logs/a/0.gz", "needs-s3:ListBucketVersions"],
    ]);
  });

  it("keeps the mark of an object of which a version stays, so that nobody finds that one", async () => {
    const quirks = { isVersioned: true, lockedVersions: ["1"] };
    const bucket = bucketWith([...keys(1), ...keys(1)], quirks);

    const removed = await new Remover(bucket).removeMany(keys(1));

    expect(removed.ok && [...removed.value.refused.values()]).toEqual([
      "needs-s3:DeleteObjectVersion",
    ]);
    expect([bucket.kept.length, bucket.found("logs/a/0.gz")]).toEqual([2, undefined]);
  });

  it("has to be asked again when a part of a batch failed for the moment", async () => {
    const slow = new Response(
      "<DeleteResult><Error><Key>k</Key><Code>SlowDown</Code></Error></DeleteResult>",
    );
    const bucket = { send: async () => ({ ok: true, value: slow }) as const };

    const removed = await new Remover(bucket).removeMany(["k"]);

    expect(removed).toMatchObject({ ok: false, error: { kind: "unavailable", code: "SlowDown" } });
  });
});

describe("Remover.removeOlder()", () => {
  const [key = ""] = keys(1);
  const DONE = { ok: true, value: undefined };

  it.each([{}, { hasNoBatches: true }])(
    "removes every version but the one that readers find, and none of other objects (%j)",
    async (quirks) => {
      const versions = [key, ...Array.from({ length: 9 }, () => key)];
      const others = [`${key}.2`, `${key}.2`, "logs/a/"];
      const bucket = bucketWith([...others, ...versions], {
        ...quirks,
        isVersioned: true,
        pageMax: 4,
      });
      const found = bucket.found(key);

      expect(await new Remover(bucket).removeOlder(key)).toEqual(DONE);
      expect(bucket.kept.toSorted()).toEqual([...others, key].toSorted());
      expect(bucket.found(key)).toBe(found);
    },
  );

  it("removes all of an object that is marked as deleted, and the marks", async () => {
    const bucket = bucketWith([key, key], { isVersioned: true });
    bucket.mark(key);
    bucket.put(key);
    bucket.mark(key);

    expect(await new Remover(bucket).removeOlder(key)).toEqual(DONE);
    expect(bucket.kept).toEqual([]);
  });

  it("asks for no page beyond the object's own versions", async () => {
    const later = Array.from({ length: 20 }, (_, i) => `${key}${i}`);
    const bucket = bucketWith([key, ...later], { isVersioned: true, pageMax: 2 });

    await new Remover(bucket).removeOlder(key);

    expect(bucket.requests.filter((request) => request.startsWith("GET"))).toHaveLength(1);
  });

  it.each([
    ["s3:ListBucketVersions", { versions: { status: 403, code: "AccessDenied" } }],
    ["s3:DeleteObjectVersion", { lockedVersions: ["1"] }],
  ])("names the right that is missing: %s", async (right, quirks) => {
    const bucket = bucketWith([key, key], { ...quirks, isVersioned: true });

    expect(await new Remover(bucket).removeOlder(key)).toMatchObject({
      ok: false,
      error: { kind: "refused", code: `needs-${right}` },
    });
  });

  it("asks once where versions are not known, although the bucket names them", async () => {
    const versions = { status: 501, code: "NotImplemented" };
    const bucket = bucketWith(keys(2), { versions });
    const remover = new Remover(bucket);

    const answers = [await remover.removeOlder(key), await remover.removeOlder("logs/a/1.gz")];

    expect([answers, bucket.requests.length]).toEqual([[DONE, DONE], 1]);
  });

  it("has to be asked again when the bucket does not answer", async () => {
    const versions = { status: 503, code: "SlowDown" };
    const bucket = bucketWith([key, key], { isVersioned: true, versions });

    expect(await new Remover(bucket).removeOlder(key)).toMatchObject({
      ok: false,
      error: { kind: "unavailable", code: "SlowDown" },
    });
  });
});

describe("Remover.removeWhole()", () => {
  it("removes every version, and sets no mark that would hide one", async () => {
    const bucket = bucketWith([...keys(3), ...keys(3), "logs/b"], {
      isVersioned: true,
      pageMax: 2,
    });

    const removed = await new Remover(bucket).removeWhole(keys(3));

    expect(removed).toEqual({ ok: true, value: { refused: new Map() } });
    expect([bucket.kept, bucket.marks]).toEqual([["logs/b"], 0]);
  });

  it("says which objects stay", async () => {
    const bucket = bucketWith(keys(2), { isVersioned: true, lockedVersions: ["1"] });

    const removed = await new Remover(bucket).removeWhole(keys(2));

    expect(removed.ok && [...removed.value.refused]).toEqual([
      ["logs/a/0.gz", "needs-s3:DeleteObjectVersion"],
    ]);
  });

  it("removes objects where versions are not known", async () => {
    const bucket = bucketWith(keys(2), { versions: { status: 501, code: "NotImplemented" } });

    await new Remover(bucket).removeWhole(keys(2));

    expect(bucket.kept).toEqual([]);
  });
});

describe("Remover.removeVersions()", () => {
  it("removes what is kept of objects below the prefix, page by page", async () => {
    const bucket = bucketWith([...keys(5), ...keys(5), "logs/b/0.gz"], {
      isVersioned: true,
      pageMax: 4,
    });
    const remover = new Remover(bucket);
    let removed = 0;
    for (let i = 0; i < 5; i++) {
      const page = await remover.removeVersions("logs/a/");
      if (page.ok) removed += page.value.removed;
    }

    expect([removed, bucket.kept]).toEqual([10, ["logs/b/0.gz"]]);
  });

  it("has nothing to do where versions are not known", async () => {
    const bucket = bucketWith(keys(1), { versions: { status: 501, code: "NotImplemented" } });

    expect(await new Remover(bucket).removeVersions("logs/")).toEqual({
      ok: true,
      value: { removed: 0, isOver: true },
    });
  });

  it("comes to an end, and says so, where none may be removed", async () => {
    const bucket = bucketWith(keys(1), { isVersioned: true, locked: keys(1) });

    expect(await new Remover(bucket).removeVersions("logs/")).toEqual({
      ok: true,
      value: { removed: 0, isOver: true, error: "needs-s3:DeleteObjectVersion" },
    });
  });
});
