import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deduplication } from "../../../../../src/ingest/queue/dedup/deduplication.ts";
import { FilterAccount } from "../../../../../src/ingest/queue/dedup/filter-account.ts";
import { NodeStorage, SimulatedCrash } from "../../../../support/node-storage.ts";
import { printsOf } from "../../../../support/prints.ts";

/** Many runs on a machine that is busy with other things. */
const SLOW_MACHINE_MS = 60_000;
const WINDOW_MS = 1000;
const KEPT_MS_MAX = WINDOW_MS + WINDOW_MS / 4;
const SIZES = { pageIds: 4, slicePages: 2, tablePages: 4, fanIn: 3 };
/** Room for some filters but not for all, so that both ways of looking up are taken. */
const FILTER_BYTES = 1500;

type Known = { readonly atMs: number; readonly ordinal: number };

/** The queue around the deduplication, and next to it a plain Map that says what is right. */
class World {
  readonly #storage = new NodeStorage();
  /** What the log would hold: ids that are in no committed run, by segment. */
  #log: { readonly id: number; readonly ordinal: number; readonly atMs: number }[] = [];
  readonly #model = new Map<number, Known>();
  #ordinal = 0;
  #nowMs = 10_000;
  #subject = this.#start();

  #start(): Deduplication {
    const filters = new FilterAccount(FILTER_BYTES);
    const subject = new Deduplication(this.#storage, {
      windowMs: WINDOW_MS,
      filters,
      sizes: SIZES,
    });
    subject.load(this.#nowMs);
    for (const { id, ordinal } of this.#log) subject.add(printsOf([id]), 0, ordinal);
    return subject;
  }

  /** A request: what is known is checked against the model, the rest is accepted. */
  request(ids: readonly number[]): void {
    const prints = printsOf(ids);
    const out = new Uint8Array(ids.length).fill(7);
    this.#subject.hasMany(prints, out);
    for (const [i, id] of ids.entries()) {
      this.#check(id, out[i] === 1, this.#subject.ordinalOf(prints, i));
    }
    for (const [i, id] of ids.entries()) {
      if (this.#subject.has(prints, i)) continue;
      this.#model.set(id, { atMs: this.#nowMs, ordinal: this.#ordinal });
      this.#subject.add(prints, i, this.#ordinal);
      this.#log.push({ id, ordinal: this.#ordinal, atMs: this.#nowMs });
    }
  }

  #check(id: number, isKnown: boolean, ordinal: number | undefined): void {
    const known = this.#model.get(id);
    const ageMs = this.#nowMs - (known?.atMs ?? -Infinity);
    if (ageMs <= WINDOW_MS) expect({ id, isKnown }).toEqual({ id, isKnown: true });
    if (known === undefined) expect({ id, isKnown }).toEqual({ id, isKnown: false });
    expect(ordinal).toBe(isKnown ? known?.ordinal : undefined);
  }

  /** Accepts and takes back, as when the transaction of a request is rolled back. */
  rolledBack(ids: readonly number[]): void {
    const prints = printsOf(ids);
    const added = ids.map((_, i) => i).filter((i) => !this.#subject.has(prints, i));
    for (const i of added) this.#subject.add(prints, i, this.#ordinal);
    for (const i of added) this.#subject.remove(prints, i);
  }

  pack(crashAfter: number | undefined): void {
    const rows = this.#log.map(({ atMs }) => atMs);
    const times = { firstAtMs: Math.min(...rows), lastAtMs: Math.max(...rows) };
    this.#withCrash(crashAfter, () => {
      const packing = this.#storage.transactionSync(() => this.#subject.pack(this.#ordinal, times));
      this.#log = [];
      this.#ordinal += 1;
      packing.settle();
    });
  }

  work(slices: number, crashAfter: number | undefined): void {
    this.#withCrash(crashAfter, () => {
      for (let i = 0; i < slices && this.#subject.mergeSlice(this.#nowMs); i++);
    });
  }

  pass(ms: number, crashAfter: number | undefined): void {
    this.#nowMs += ms;
    this.#withCrash(crashAfter, () => this.#subject.expire(this.#nowMs));
  }

  restart(): void {
    this.#subject = this.#start();
  }

  #withCrash(crashAfter: number | undefined, act: () => void): void {
    this.#storage.failAfter(crashAfter);
    try {
      act();
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
      this.#storage.failAfter(undefined);
      this.restart();
    }
    this.#storage.failAfter(undefined);
  }

  /** After all is old and all work is done, nothing may be left but the registry. */
  settle(): void {
    this.pass(KEPT_MS_MAX * 2, undefined);
    this.work(10_000, undefined);
    const left = this.#storage.tables().filter((name) => name.startsWith("dedup_run_"));
    expect(left).toEqual([]);
    expect(this.#subject.runCount).toBe(0);
  }
}

const ids = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 });
const crash = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 3 });
const step = fc.oneof(
  { weight: 6, arbitrary: ids.map((list) => (world: World) => world.request(list)) },
  { weight: 1, arbitrary: ids.map((list) => (world: World) => world.rolledBack(list)) },
  { weight: 4, arbitrary: crash.map((after) => (world: World) => world.pack(after)) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 30 }), crash).map(
      ([slices, after]) =>
        (world: World) =>
          world.work(slices, after),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 300 }), crash).map(
      ([ms, after]) =>
        (world: World) =>
          world.pass(ms, after),
    ),
  },
  { weight: 1, arbitrary: fc.constant((world: World) => world.restart()) },
);

describe("Deduplication", () => {
  it(
    "knows exactly the ids of the window, whatever is packed, merged, dropped or cut short",
    () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
          const world = new World();
          for (const act of steps) act(world);
          world.settle();
        }),
        { numRuns: 100 },
      );
    },
    SLOW_MACHINE_MS,
  );
});
