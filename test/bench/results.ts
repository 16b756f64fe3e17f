import { CASE_NAMES, CASES, type CaseName, type PerCase } from "./cases.ts";
import type { EndToEnd } from "./end-to-end.ts";
import type { GuardFigures } from "./guard.ts";
import type { Speed, SubjectName } from "./ingest.ts";
import type { RowFigures } from "./rows.ts";

/** What `results.json` holds. */
export type Results = {
  readonly ingest: PerCase<IngestFigures>;
  readonly endToEnd: {
    readonly eventsPerSecond: number;
    /** To gzip level 6 alone on the same lines, in one thread. */
    readonly ratioToGzip: number;
    /** From the answer to the object in the bucket, at production's settings. */
    readonly ackToObjectP99Ms: number;
  };
  /** Ours with evidence to ours without it, at 100 events a request. */
  readonly guard: GuardFigures;
  readonly floor: PerCase<Speed>;
  readonly naive: PerCase<Speed>;
  /** Gzip alone, by level; files are written at level 3. */
  readonly gzip: { readonly level3EventsPerSecond: number; readonly level6EventsPerSecond: number };
  readonly run: RunFacts;
};

export type IngestFigures = Speed & {
  readonly ratioToFloor: number;
  readonly ratioToNaive: number;
  /** Rows written for 1,000 events, removal, packing and merging included. */
  readonly rowsPer1000: number;
  readonly dollarsPerMillion: number;
};

export type RunFacts = {
  readonly date: string;
  readonly node: string;
  readonly workerd: string;
  readonly cpus: number;
  readonly rounds: number;
  readonly seconds: number;
};

export type Measured = {
  readonly speeds: PerCase<Readonly<Record<SubjectName, Speed>>>;
  readonly rows: PerCase<RowFigures>;
  readonly endToEnd: Omit<EndToEnd, "files">;
  readonly guard: GuardFigures;
  readonly ackToObjectP99Ms: number;
};

/** List prices in dollars: Workers requests, Durable Object requests, rows written; a million each. */
const PRICES = { request: 0.3, objectRequest: 0.15, row: 1 };

/** What the first version has to hold: rows for 1,000 events, by case. */
const ROWS_MAX: PerCase<number> = { "100": 15, "10": 130, "1": 1_100, "1x64": 150 };
const RATIO_TO_FLOOR_MIN = 0.6;
const ACK_TO_OBJECT_MS_MAX = 75_000;
/** The guard and its evidence may cost a twentieth of the throughput. */
const GUARD_RATIO_MIN = 0.95;

export function resultsOf(measured: Measured, run: RunFacts): Results {
  const { speeds, rows, endToEnd, guard, ackToObjectP99Ms } = measured;
  const floor = perCase((name) => rounded(speeds[name].floor));
  const naive = perCase((name) => rounded(speeds[name].naive));
  const ingest = perCase((name): IngestFigures => {
    const { ours, floor: least, naive: simple } = speeds[name];
    const rowsPer1000 = rows[name].log + rows[name].dedup;
    return {
      ...rounded(ours),
      ratioToFloor: round(ours.eventsPerSecond / least.eventsPerSecond),
      ratioToNaive: round(ours.eventsPerSecond / simple.eventsPerSecond),
      rowsPer1000: round(rowsPer1000),
      dollarsPerMillion: round(dollars(rowsPer1000, CASES[name].events)),
    };
  });
  const { eventsPerSecond, gzip3EventsPerSecond, gzip6EventsPerSecond } = endToEnd;
  return {
    ingest,
    endToEnd: {
      eventsPerSecond: Math.round(eventsPerSecond),
      ratioToGzip: round(eventsPerSecond / gzip6EventsPerSecond),
      ackToObjectP99Ms: Math.round(ackToObjectP99Ms),
    },
    guard: {
      withEvidence: Math.round(guard.withEvidence),
      withoutEvidence: Math.round(guard.withoutEvidence),
      ratio: round(guard.ratio),
      cpuRatio: round(guard.cpuRatio),
    },
    floor,
    naive,
    gzip: {
      level3EventsPerSecond: Math.round(gzip3EventsPerSecond),
      level6EventsPerSecond: Math.round(gzip6EventsPerSecond),
    },
    run,
  };
}

/** A million events: rows, a request of the Worker and one of a queue for each batch. */
function dollars(rowsPer1000: number, eventsPerRequest: number): number {
  const requests = (PRICES.request + PRICES.objectRequest) / eventsPerRequest;
  return (rowsPer1000 / 1000) * PRICES.row + requests;
}

/** One thing that was asked for, and what was measured. */
export type Bound = { readonly text: string; readonly isHeld: boolean };

export function boundsOf({ ingest, endToEnd, guard }: Results): readonly Bound[] {
  const { ratioToFloor } = ingest["100"];
  const { ackToObjectP99Ms } = endToEnd;
  return [
    {
      text: `100 a request: at least ${RATIO_TO_FLOOR_MIN} of the floor: ${ratioToFloor}`,
      isHeld: ratioToFloor >= RATIO_TO_FLOOR_MIN,
    },
    ...CASE_NAMES.map((name) => ({
      text: `${name}: at most ${ROWS_MAX[name]} rows for 1,000 events: ${ingest[name].rowsPer1000}`,
      isHeld: ingest[name].rowsPer1000 <= ROWS_MAX[name],
    })),
    {
      text: `with evidence: at least ${GUARD_RATIO_MIN} of the rate without: ${guard.ratio}`,
      isHeld: guard.ratio >= GUARD_RATIO_MIN,
    },
    {
      text: `answer to object, p99: at most ${ACK_TO_OBJECT_MS_MAX} ms: ${ackToObjectP99Ms}`,
      isHeld: ackToObjectP99Ms <= ACK_TO_OBJECT_MS_MAX,
    },
  ];
}

/** The table that people read: ratios first, since times depend on the machine. */
export function tableOf({ ingest, floor, naive, gzip, endToEnd, guard, run }: Results): string {
  const head = ["", "of floor", "of naive", "rows/1k", "$/1M", "events/s", "p50 ms", "p99 ms"];
  const lines = [head];
  for (const name of CASE_NAMES) {
    const own = ingest[name];
    const { ratioToFloor, ratioToNaive, rowsPer1000, dollarsPerMillion } = own;
    const figures = [ratioToFloor, ratioToNaive, rowsPer1000, dollarsPerMillion];
    lines.push([`${name} ours`, ...figures.map(String), ...speedCells(own)]);
    lines.push(["  floor", "", "", "", "", ...speedCells(floor[name])]);
    lines.push(["  naive", "", "", "", "", ...speedCells(naive[name])]);
  }
  const table = lines.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(10))).join(""),
  );
  return [
    ...table,
    "",
    `To the bucket: ${endToEnd.eventsPerSecond} events/s, ${endToEnd.ratioToGzip} of gzip -6 alone, ` +
      `${round(endToEnd.eventsPerSecond / gzip.level3EventsPerSecond)} of gzip -3; ` +
      `answer to object p99 ${endToEnd.ackToObjectP99Ms} ms`,
    `With evidence: ${guard.withEvidence} events/s, ${guard.ratio} of ours without it, ` +
      `${guard.cpuRatio} of its processor time`,
    `${run.rounds} rounds of ${run.seconds} s, ${run.cpus} CPUs, workerd ${run.workerd}; ` +
      "times depend on the machine and on what else it does, ratios much less",
  ].join("\n");
}

function speedCells(speed: Speed): readonly string[] {
  return [speed.eventsPerSecond, speed.p50Ms, speed.p99Ms].map(String);
}

function rounded(speed: Speed): Speed {
  return {
    eventsPerSecond: Math.round(speed.eventsPerSecond),
    requestsPerSecond: Math.round(speed.requestsPerSecond),
    p50Ms: round(speed.p50Ms),
    p99Ms: round(speed.p99Ms),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function perCase<T>(of: (name: CaseName) => T): PerCase<T> {
  return { "100": of("100"), "10": of("10"), "1": of("1"), "1x64": of("1x64") };
}
