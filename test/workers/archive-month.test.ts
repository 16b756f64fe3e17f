import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { ArchiveMonth } from "../../durable-objects/archive-month.ts";
import { MATCHES_EVERYONE } from "../../src/archive/user-filter.ts";
import { FakeS3 } from "./support/fake-s3.ts";
import {
  archive,
  DAY_MS,
  fileOf,
  hash,
  keyOf,
  month,
  monthStub,
  MONTH,
  withoutFilter,
} from "./support/archive.ts";

describe("ArchiveMonth.record()", () => {
  it("holds what it recorded after an eviction", async () => {
    await month().record(fileOf(1));
    await evictDurableObject(monthStub());

    expect(await month().find(keyOf(1))).toEqual(withoutFilter(fileOf(1)));
  });

  it("answers what is held, and changes nothing, when the key is recorded again", async () => {
    await month().record(fileOf(1));
    const again = await month().record(fileOf(1, { events: 2, location: "eu-central-1" }));

    expect([again, await month().find(keyOf(1))]).toEqual([
      withoutFilter(fileOf(1)),
      withoutFilter(fileOf(1)),
    ]);
  });

  it("keeps one row when the same file is recorded twice at once", async () => {
    await Promise.all([month().record(fileOf(1)), month().record(fileOf(1))]);
    const { files } = await month().list({ max: 10 });

    expect(files).toHaveLength(1);
  });

  it("makes its month known to the archive", async () => {
    await month().record(fileOf(1));

    expect(await archive().months()).toEqual([MONTH]);
  });

  it.each([
    ["another month", { key: keyOf(1, Date.UTC(2026, 9, 31)) }],
    ["another source", { sourceId: "src_eu_1123456789abcdefghjkmnpqrs" as const }],
    ["a location outside the home", { location: "us-west-2" as const }],
    ["no archive key", { key: "segment-logs/x" }],
  ])("refuses a file of %s", async (_what, changes) => {
    const refusal = await refusalOf((object) => object.record(fileOf(1, changes)));

    expect(refusal).toContain("another catalogue");
  });
});

describe("ArchiveMonth.heldAt()", () => {
  it("tells the keys that it holds from others", async () => {
    await month().record(fileOf(1));

    const held = await month().heldAt([keyOf(1), keyOf(2)]);

    expect(held.map(({ key }) => key)).toEqual([keyOf(1)]);
  });

  it("refuses more keys than one answer may take", async () => {
    const keys = Array.from({ length: 1001 }, (_, i) => keyOf(i));

    expect(await refusalOf((object) => object.heldAt(keys))).toContain("at most 1000");
  });
});

describe("ArchiveMonth.list()", () => {
  it("pages through all files once, in the order they were received", async () => {
    for (const seq of [3, 1, 2, 5, 4]) await month().record(fileOf(seq));

    const keys: string[] = [];
    let after: string | undefined;
    do {
      const page = await month().list({ max: 2, ...(after === undefined ? {} : { after }) });
      keys.push(...page.files.map((file) => file.key));
      after = page.next;
    } while (after !== undefined);

    expect(keys).toEqual([1, 2, 3, 4, 5].map((seq) => keyOf(seq)));
  });

  it("lists files whose events overlap the range, its end left out", async () => {
    await month().record(fileOf(1, { lastReceivedAtMs: DAY_MS + 10_000 }));
    await month().record(fileOf(2));
    await month().record(fileOf(9));
    await month().record(fileOf(10));
    const page = await month().list({ fromMs: DAY_MS + 5000, toMs: DAY_MS + 10_000, max: 10 });

    expect(page.files.map((file) => file.key)).toEqual([keyOf(1), keyOf(9)]);
  });
});

describe("ArchiveMonth.matching()", () => {
  it("names the files that hold a user, and no others", async () => {
    for (const seq of [1, 2, 3]) await month().record(fileOf(seq));
    const { files, examined } = await month().matching(hash(2));

    expect([files.map((file) => file.key), examined]).toEqual([[keyOf(2)], 3]);
  });

  it("names a file that nobody could read", async () => {
    await month().record(fileOf(1, { userFilter: MATCHES_EVERYONE }));
    const { files } = await month().matching(hash(99));

    expect(files.map((file) => file.key)).toEqual([keyOf(1)]);
  });

  it("goes on where an answer ended, and misses no file", async () => {
    // Seven megabytes each, so that three are more than one call goes through.
    const large = new Uint8Array(7_000_000);
    large.set([255], 0);
    for (const seq of [1, 2, 3, 4]) await month().record(fileOf(seq, { userFilter: large }));
    const first = await month().matching(hash(1));
    const second = await month().matching(hash(1), first.next);

    expect([first.files.length, second.files.length, second.next]).toEqual([3, 1, undefined]);
  });

  it("keeps a filter in rows that storage takes, whole", async () => {
    const large = new Uint8Array(2_500_000).fill(7);
    await month().record(fileOf(1, { userFilter: large }));
    const lengths = await runInDurableObject(monthStub(), (_object, { storage }) =>
      storage.sql
        .exec<{ bytes: number }>("SELECT length(bytes) AS bytes FROM filters ORDER BY part")
        .toArray()
        .map((row) => row.bytes),
    );

    expect(lengths).toEqual([1_000_000, 1_000_000, 500_000]);
  });
});

/** Called inside the object: a rejection that crosses RPC is reported as unhandled besides. */
function refusalOf(call: (object: ArchiveMonth) => Promise<unknown>): Promise<string> {
  const stub = monthStub() as unknown as DurableObjectStub<ArchiveMonth>;
  return runInDurableObject(stub, (object) =>
    call(object).then(
      () => "no refusal",
      (error: unknown) => String(error),
    ),
  );
}

describe("ArchiveMonth.sweep()", () => {
  it("leaves files in a bucket of the customer's own alone, however old they are", async () => {
    const s3 = new FakeS3().install();
    await month().record(fileOf(1, { ownBucket: "own-1" }));

    const page = await month().sweep(DAY_MS + 86_400_000);

    expect([page.files, await month().find(keyOf(1)), s3.requests]).toEqual([
      0,
      expect.objectContaining({ ownBucket: "own-1" }),
      [],
    ]);
  });

  it("takes only those that are named", async () => {
    new FakeS3().install();
    await month().record(fileOf(1, { ownBucket: "own-1" }));

    const page = await month().sweep(DAY_MS + 86_400_000, undefined, ["own-2"]);

    expect(page.files).toBe(0);
  });
});
