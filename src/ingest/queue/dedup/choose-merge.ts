import type { Run } from "./run.ts";

/** A group that cannot grow is merged only when it is worth it: a part of the fan-in or more. */
const WORTHWHILE_PARTS = 4;

/**
 * Chooses the runs to merge next, or none. Runs of one level that follow each other in time are
 * merged when there are `fanIn` of them, or fewer when the next one would make them span more than
 * `spanMaxMs`. Lower levels come first, so that the number of runs stays small under load.
 */
export function chooseMerge(
  runs: readonly Run[],
  fanIn: number,
  spanMaxMs: number,
): readonly Run[] | undefined {
  const levels = [...new Set(runs.map((run) => run.level))].sort((a, b) => a - b);
  for (const level of levels) {
    const oldestFirst = runs
      .filter((run) => run.level === level)
      .sort((a, b) => a.firstAtMs - b.firstAtMs || a.id - b.id);
    const group = firstGroup(oldestFirst, fanIn, spanMaxMs);
    if (group !== undefined) return group;
  }
  return undefined;
}

function firstGroup(
  oldestFirst: readonly Run[],
  fanIn: number,
  spanMaxMs: number,
): readonly Run[] | undefined {
  const worthwhile = Math.max(2, Math.ceil(fanIn / WORTHWHILE_PARTS));
  for (let from = 0; from < oldestFirst.length; from++) {
    const group = groupFrom(oldestFirst, from, fanIn, spanMaxMs);
    if (group.length === fanIn) return group;
    const isLast = from + group.length === oldestFirst.length;
    if (isLast) return undefined;
    if (group.length >= worthwhile) return group;
  }
  return undefined;
}

function groupFrom(
  oldestFirst: readonly Run[],
  from: number,
  fanIn: number,
  spanMaxMs: number,
): readonly Run[] {
  const firstAtMs = oldestFirst[from]?.firstAtMs ?? 0;
  let to = from;
  let lastAtMs = firstAtMs;
  while (to < oldestFirst.length && to - from < fanIn) {
    lastAtMs = Math.max(lastAtMs, oldestFirst[to]?.lastAtMs ?? 0);
    if (lastAtMs - firstAtMs > spanMaxMs) break;
    to += 1;
  }
  return oldestFirst.slice(from, to);
}
