import fc from "fast-check";

import { BEHAVIOURS, type Behaviour, type MirrorStrategy } from "../../../src/sync/sync.ts";
import type { SourceRow } from "../../../src/sync/source/source.ts";

/** A random life of a whole sync: what happens to its table, and what happens to its runs. */

export const COLUMNS = ["region", "id", "name", "unmapped"];
export const KEY = ["region", "id"];

export type Edit =
  | { readonly kind: "put" | "add"; readonly row: SourceRow }
  | { readonly kind: "remove"; readonly at: number };

/** What the destination, the bucket and the source do to one run. */
export type Weather = {
  /** Records whose number with this is 0 modulo 4 are refused; -1 refuses none. */
  readonly refusal: number;
  /** How refusals are told: each by itself, or the whole batch. */
  readonly refusesWhole: boolean;
  /** The calls, by number, that come to nothing for now; with or without a word on when to come again. */
  readonly retries: readonly number[];
  readonly retryAfterMs: number | undefined;
  /** A call after which nothing is taken any more in this run. */
  readonly failsAt: number | undefined;
  /** Steps at which the bucket or the source does not answer. */
  readonly outages: readonly number[];
  /** The process dies at these steps, one after the other, and at that statement of the database. */
  readonly crashes: readonly number[];
  readonly crashStatement: number | undefined;
  readonly canceledAt: number | undefined;
};

export type RunPlan = {
  readonly edits: readonly Edit[];
  readonly kind: "sync" | "dry_run" | "test";
  readonly isFull: boolean;
  /** Only the key of that row of the table. */
  readonly chosen: number | undefined;
  /** A constant in the mapping; another one is another mapping. */
  readonly constant: string;
  /** What somebody made of the life's behaviour before this run. */
  readonly behaviour?: Behaviour;
  readonly suppressed: readonly string[];
  readonly weather: Weather;
  readonly sliceMs: number;
  readonly engine: "checksum" | "ordered_merge";
};

export type Life = {
  readonly source: "sql" | "rows";
  readonly behaviour: Behaviour;
  readonly mirrorStrategy: MirrorStrategy;
  readonly limits: { readonly records: number; readonly bytes: number; readonly calls: number };
  /** Records that stand at the destination before the first run. */
  readonly there: readonly SourceRow[];
  readonly runs: readonly RunPlan[];
  readonly pieceChanges: number;
  readonly fileChars: number;
};

const region = fc.constantFrom("eu", "us", "1:", null);
const id = fc.oneof(
  { weight: 14, arbitrary: fc.nat(11).map(String) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const row: fc.Arbitrary<SourceRow> = fc.tuple(
  region,
  id,
  fc.constantFrom("Ada", "Bo", "", "é", null),
  fc.constantFrom("x", "y"),
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: row.map((cells) => ({ kind: "put" as const, row: cells })) },
  { weight: 1, arbitrary: row.map((cells) => ({ kind: "add" as const, row: cells })) },
  { weight: 4, arbitrary: fc.nat(60).map((at) => ({ kind: "remove" as const, at })) },
);

function rarely<T>(arbitrary: fc.Arbitrary<T>, freq = 4): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq });
}

const weather: fc.Arbitrary<Weather> = fc.record({
  refusal: fc.oneof(fc.constant(-1), fc.nat(1000)),
  refusesWhole: fc.boolean(),
  retries: fc.array(fc.nat(12), { maxLength: 3 }),
  retryAfterMs: rarely(fc.constantFrom(10, 60_000), 1),
  failsAt: rarely(fc.nat(6), 8),
  outages: fc.array(fc.nat(40), { maxLength: 2 }),
  crashes: fc.array(fc.nat(40), { maxLength: 3 }),
  crashStatement: rarely(fc.integer({ min: 1, max: 120 })),
  canceledAt: rarely(fc.nat(40), 9),
});

const run: fc.Arbitrary<RunPlan> = fc.record({
  edits: fc.array(edit, { maxLength: 25, size: "max" }),
  kind: fc.constantFrom<RunPlan["kind"][]>("sync", "sync", "sync", "sync", "dry_run", "test"),
  isFull: fc.nat(7).map((n) => n === 0),
  chosen: rarely(fc.nat(20), 8),
  constant: fc.constantFrom("one", "one", "two"),
  suppressed: fc.array(fc.nat(11).map(String), { maxLength: 2 }),
  weather,
  sliceMs: fc.constantFrom(1, 40, 1_000_000),
  engine: fc.constantFrom("checksum" as const, "ordered_merge" as const),
});

export const lives: fc.Arbitrary<Life> = fc.record({
  source: fc.constantFrom<Life["source"][]>("sql", "sql", "rows"),
  behaviour: fc.constantFrom<Behaviour[]>(...BEHAVIOURS),
  mirrorStrategy: fc.constantFrom<MirrorStrategy[]>("delete", "null"),
  limits: fc.record({
    records: fc.integer({ min: 1, max: 7 }),
    bytes: fc.constantFrom(60, 1_000_000),
    calls: fc.integer({ min: 1, max: 3 }),
  }),
  there: fc.array(row, { maxLength: 8 }),
  runs: fc.array(run, { minLength: 1, maxLength: 5, size: "max" }),
  pieceChanges: fc.integer({ min: 1, max: 12 }),
  fileChars: fc.constantFrom(1, 300, 1_000_000),
});

export const CALM: Weather = {
  refusal: -1,
  refusesWhole: false,
  retries: [],
  retryAfterMs: undefined,
  failsAt: undefined,
  outages: [],
  crashes: [],
  crashStatement: undefined,
  canceledAt: undefined,
};

/** A run in which nothing happens. */
export const QUIET_RUN: RunPlan = {
  edits: [],
  kind: "sync",
  isFull: false,
  chosen: undefined,
  constant: "one",
  suppressed: [],
  weather: CALM,
  sliceMs: 1_000_000,
  engine: "ordered_merge",
};

/** The rows after an edit. */
export function edited(rows: readonly SourceRow[], edit: Edit): readonly SourceRow[] {
  if (edit.kind === "remove") return rows.filter((_, at) => at !== edit.at % rows.length);
  if (edit.kind === "add") return [...rows, edit.row];
  const [region, id] = edit.row;
  return [...rows.filter((row) => row[0] !== region || row[1] !== id), edit.row];
}

/** A row as the destination has it, with the constant of the mapping that it was sent under. */
export function recordOf([region = null, id = null, name = null]: SourceRow, tag: string) {
  return { region, id, name, tag };
}

export function identifierOf([region = null, id = null]: SourceRow): string {
  return `${region},${id}`;
}
