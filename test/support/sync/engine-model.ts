import fc from "fast-check";

import type { DiffNeeds } from "../../../src/sync/engine/change.ts";
import type { SourceRow } from "../../../src/sync/source/source.ts";

/** A random life of a sync: what happens to its table, and how its runs go. */

export const COLUMNS = ["region", "id", "name", "unmapped"];
export const SELECTION = { columns: ["name", "region", "id"], key: ["region", "id"] } as const;

export type Mutation =
  | { readonly kind: "put"; readonly row: SourceRow }
  | { readonly kind: "add"; readonly row: SourceRow }
  | { readonly kind: "remove"; readonly at: number }
  | { readonly kind: "clear" };

export type RunPlan = {
  readonly mutations: readonly Mutation[];
  readonly engine: "checksum" | "ordered_merge" | "partition_join";
  readonly bits: number;
  readonly isFull: boolean;
  /** Which records the destination refuses: those whose hash with this is 0 modulo 3; -1 refuses none. */
  readonly refusal: number;
  /** The process dies at these steps of the run, one after the other. */
  readonly crashes: readonly number[];
  readonly crashStatement: number | undefined;
  readonly batch: number;
  readonly tidySlices: number;
  /** A row that changes between two statements of the run. */
  readonly race: SourceRow | undefined;
};

export type Life = {
  readonly needs: DiffNeeds;
  readonly keepsKeys: boolean;
  readonly runs: readonly RunPlan[];
  readonly pieceChanges: number;
  readonly denseEntriesPerPage: number;
};

const region = fc.constantFrom("eu", "us", "1:", null);
const id = fc.oneof(
  { weight: 12, arbitrary: fc.nat(11).map(String) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const name = fc.constantFrom("Ada", "Bo", "", "é", null);
const row: fc.Arbitrary<SourceRow> = fc.tuple(region, id, name, fc.constantFrom("x", "y"));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 8, arbitrary: row.map((cells) => ({ kind: "put" as const, row: cells })) },
  { weight: 2, arbitrary: row.map((cells) => ({ kind: "add" as const, row: cells })) },
  { weight: 4, arbitrary: fc.nat(60).map((at) => ({ kind: "remove" as const, at })) },
  { weight: 1, arbitrary: fc.constant({ kind: "clear" as const }) },
);

const run: fc.Arbitrary<RunPlan> = fc.record({
  mutations: fc.array(mutation, { maxLength: 25, size: "max" }),
  engine: fc.constantFrom("checksum" as const, "ordered_merge" as const, "partition_join" as const),
  bits: fc.integer({ min: 1, max: 6 }),
  isFull: fc.nat(9).map((n) => n === 0),
  refusal: fc.oneof(fc.constant(-1), fc.nat(1000)),
  crashes: fc.array(fc.nat(25), { maxLength: 2 }),
  crashStatement: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 4 }),
  batch: fc.integer({ min: 1, max: 9 }),
  tidySlices: fc.nat(4),
  race: fc.option(row, { nil: undefined, freq: 4 }),
});

const needs: fc.Arbitrary<DiffNeeds> = fc.constantFrom<DiffNeeds[]>(
  { updates: true, gone: "delete" },
  { updates: true, gone: "forget" },
  { updates: false, gone: "forget" },
  { updates: false, gone: "remember" },
);

export const lives: fc.Arbitrary<Life> = fc.record({
  needs,
  keepsKeys: fc.boolean(),
  runs: fc.array(run, { minLength: 1, maxLength: 5, size: "max" }),
  pieceChanges: fc.integer({ min: 1, max: 12 }),
  denseEntriesPerPage: fc.constantFrom(1, 5, 100_000),
});
