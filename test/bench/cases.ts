/** A way of sending: so many events in a request, on so many connections. */
export type Case = { readonly events: number; readonly connections: number };

/**
 * `1` is a client without company, so that nothing can be gathered; the others keep each of the
 * Workers busy. More connections than these raised latencies and no rate.
 */
export const CASES = {
  "100": { events: 100, connections: 16 },
  "10": { events: 10, connections: 16 },
  "1": { events: 1, connections: 1 },
  "1x64": { events: 1, connections: 64 },
} as const satisfies Readonly<Record<string, Case>>;

export type CaseName = keyof typeof CASES;

export const CASE_NAMES: readonly CaseName[] = ["100", "10", "1", "1x64"];

/** One figure for each case. */
export type PerCase<T> = Readonly<Record<CaseName, T>>;

/**
 * Calls `measure` for one case after the other, those that leave most work behind last: a queue
 * merges what it remembers for a while, in the same thread that serves the next case.
 */
export async function eachCase<T>(measure: (name: CaseName) => Promise<T>): Promise<PerCase<T>> {
  const alone = await measure("1");
  const singles = await measure("1x64");
  const tens = await measure("10");
  return { "100": await measure("100"), "10": tens, "1": alone, "1x64": singles };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = low] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}
