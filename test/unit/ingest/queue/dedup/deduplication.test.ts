import { describe, expect, it } from "vitest";
import { Deduplication } from "../../../../../src/ingest/queue/dedup/deduplication.ts";
import { FilterAccount } from "../../../../../src/ingest/queue/dedup/filter-account.ts";
import { ROW_BYTES_MAX } from "../../../../../src/ingest/queue/dedup/sizes.ts";
import { NodeStorage } from "../../../../support/node-storage.ts";
import { printsOf, range } from "../../../../support/prints.ts";

/** For the test that adds as many ids as memory takes, on a busy machine. */
const SLOW_MACHINE_MS = 60_000;
const WINDOW_MS = 86_400_000;
const FILTER_BYTES = 1_000_000;
const PACK_IDS = 5000;

type Setup = {
  readonly storage: NodeStorage;
  readonly filters: FilterAccount;
  readonly subject: Deduplication;
};

function start(storage = new NodeStorage(), filterBytes = FILTER_BYTES): Setup {
  const filters = new FilterAccount(filterBytes);
  const subject = new Deduplication(storage, { windowMs: WINDOW_MS, filters });
  subject.load(0);
  return { storage, filters, subject };
}

/** Adds the ids from `from` to before `end` under one ordinal and packs them. */
function pack({ storage, subject }: Setup, from: number, end: number, ordinal: number): void {
  const prints = printsOf(range(from, end));
  for (let i = 0; i < end - from; i++) subject.add(prints, i, ordinal);
  const times = { firstAtMs: ordinal, lastAtMs: ordinal + 1 };
  storage.transactionSync(() => subject.pack(ordinal, times)).settle();
}

describe("Deduplication.hasMany()", () => {
  it("asks storage nothing when the filters rule everything out", () => {
    const setup = start();
    pack(setup, 0, 100, 1);
    const before = setup.storage.statements;

    setup.subject.hasMany(printsOf([7001]), new Uint8Array(1));

    expect(setup.storage.statements).toBe(before);
  });

  it("asks once a run for several hundred duplicates, a hundred a query", () => {
    const setup = start();
    pack(setup, 0, PACK_IDS, 1);
    const before = setup.storage.statements;

    setup.subject.hasMany(printsOf(range(0, 400)), new Uint8Array(400));

    // A few ids stand far from their place and have their page read whole.
    expect(setup.storage.statements - before).toBeLessThanOrEqual(4 + 20);
  });

  it("is right without room for any filter", () => {
    const setup = start(new NodeStorage(), 0);
    pack(setup, 0, PACK_IDS, 1);
    const out = new Uint8Array(2 * PACK_IDS);

    setup.subject.hasMany(printsOf(range(0, 2 * PACK_IDS)), out);

    expect(out.indexOf(0)).toBe(PACK_IDS);
    expect(out.indexOf(1, PACK_IDS)).toBe(-1);
  });
});

describe("Deduplication.pack()", () => {
  it("changes nothing in memory when its transaction is rolled back", () => {
    const { storage, subject } = start();
    subject.add(printsOf([1]), 0, 5);

    expect(() =>
      storage.transactionSync(() => {
        subject.pack(5, { firstAtMs: 0, lastAtMs: 1 });
        throw new Error("rolled back");
      }),
    ).toThrow("rolled back");

    expect({ count: subject.unpackedCount, runs: subject.runCount }).toEqual({ count: 1, runs: 0 });
    expect(subject.ordinalOf(printsOf([1]))).toBe(5);
  });

  it("leaves ids of later ordinals in memory", () => {
    const { storage, subject } = start();
    subject.add(printsOf([1]), 0, 5);
    subject.add(printsOf([2]), 0, 6);

    storage.transactionSync(() => subject.pack(5, { firstAtMs: 0, lastAtMs: 1 })).settle();

    expect(subject.unpackedCount).toBe(1);
    expect([subject.ordinalOf(printsOf([1])), subject.ordinalOf(printsOf([2]))]).toEqual([5, 6]);
  });

  it(
    "writes rows far below the platform's limit for as many ids as memory takes",
    () => {
      const setup = start();

      pack(setup, 0, 300_000, 1);

      expect(setup.storage.blobBytesMax).toBeLessThan(ROW_BYTES_MAX / 4);
    },
    SLOW_MACHINE_MS,
  );
});

describe("Deduplication.expire()", () => {
  it("keeps a run while its newest id is within the window, and forgets it then", () => {
    const setup = start();
    pack(setup, 0, 10, 1);
    const isKnown = (): boolean => setup.subject.has(printsOf([3]), 0);

    setup.subject.expire(2 + WINDOW_MS);
    const atTheEnd = isKnown();
    setup.subject.expire(3 + WINDOW_MS);

    expect([atTheEnd, isKnown()]).toEqual([true, false]);
  });

  it("is due when nextExpiryMs says so", () => {
    const setup = start();
    pack(setup, 0, 10, 1);

    expect(setup.subject.nextExpiryMs).toBe(3 + WINDOW_MS);
  });
});

describe("the account of filters", () => {
  it("gets the bytes of a run back when the run expires", () => {
    const setup = start();
    pack(setup, 0, PACK_IDS, 1);
    const used = FILTER_BYTES - setup.filters.bytesFree;

    setup.subject.expire(10 + WINDOW_MS);

    expect(used).toBeGreaterThan(0);
    expect(setup.filters.bytesFree).toBe(FILTER_BYTES);
  });

  it("gets all bytes back on release, and lookups stay right", () => {
    const setup = start();
    pack(setup, 0, PACK_IDS, 1);

    setup.subject.release();

    expect(setup.filters.bytesFree).toBe(FILTER_BYTES);
    expect(setup.subject.has(printsOf([1]), 0)).toBe(true);
  });

  it("is shared: what one object holds, another cannot take", () => {
    const first = start();
    pack(first, 0, PACK_IDS, 1);
    const used = FILTER_BYTES - first.filters.bytesFree;
    const share = first.filters.open({});

    expect(share.reserve(FILTER_BYTES - used + 1)).toBe(false);
    expect(share.reserve(FILTER_BYTES - used)).toBe(true);
  });
});
