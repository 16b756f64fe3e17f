import { CASES, eachCase, median, type CaseName, type PerCase } from "./cases.ts";
import type { LoadGenerator, LoadResult } from "./load.ts";
import type { Subject, Way } from "./subjects.ts";

/** How fast one of the Workers took events in. */
export type Speed = Pick<LoadResult, "eventsPerSecond" | "requestsPerSecond" | "p50Ms" | "p99Ms">;

/** Those that are compared, by name. */
export type Subjects = Readonly<Record<"floor" | "naive" | "ours", Subject>>;

export type SubjectName = keyof Subjects;

export type Rounds = { readonly rounds: number; readonly seconds: number };

const NAMES: readonly SubjectName[] = ["floor", "naive", "ours"];

/**
 * Measures all of them in turns, so that whatever else the machine does falls on each alike. While
 * one is measured the others are stopped; what ours left to do then is done in its own next turn.
 */
export async function measureIngest(
  subjects: Subjects,
  load: LoadGenerator,
  rounds: Rounds,
): Promise<PerCase<Readonly<Record<SubjectName, Speed>>>> {
  for (const name of NAMES) subjects[name].workerd.pause();
  const measured = await eachCase((name) => measureCase(subjects, load, rounds, name));
  for (const name of NAMES) subjects[name].workerd.resume();
  return measured;
}

async function measureCase(
  subjects: Subjects,
  load: LoadGenerator,
  { rounds, seconds }: Rounds,
  name: CaseName,
): Promise<Readonly<Record<SubjectName, Speed>>> {
  const { events, connections } = CASES[name];
  const ways: Partial<Record<SubjectName, Way>> = {};
  const results: Record<SubjectName, LoadResult[]> = { floor: [], naive: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    // Another one begins each time, so that none is always measured after the same.
    for (let turn = 0; turn < NAMES.length; turn++) {
      const who = NAMES[(round + turn) % NAMES.length] ?? "floor";
      const { workerd } = subjects[who];
      workerd.resume();
      const isFirst = ways[who] === undefined;
      const way = (ways[who] ??= await subjects[who].way(`case-${name}`, events));
      const wanted = { port: workerd.port, ...way, events, connections, seconds };
      // Once before it counts: compiled code is what a busy Worker runs.
      if (isFirst) await load.run(wanted);
      results[who].push(await load.run(wanted));
      workerd.pause();
    }
  }
  return {
    floor: mediansOf(results.floor),
    naive: mediansOf(results.naive),
    ours: mediansOf(results.ours),
  };
}

function mediansOf(results: readonly LoadResult[]): Speed {
  const of = (figure: (result: LoadResult) => number): number => median(results.map(figure));
  return {
    eventsPerSecond: of((result) => result.eventsPerSecond),
    requestsPerSecond: of((result) => result.requestsPerSecond),
    p50Ms: of((result) => result.p50Ms),
    p99Ms: of((result) => result.p99Ms),
  };
}
