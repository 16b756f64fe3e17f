/** Runs that have numbers of their own in one sync: 19 years of a run a minute. */
const RUNS_PER_SYNC = 10_000_000;

/** The number of a run in its workspace, for clients that know runs by one number. */
export function numberOfRun(syncNumber: number, runNumber: number): number {
  return syncNumber * RUNS_PER_SYNC + runNumber;
}

/** The sync and the run that {@link numberOfRun} made a number of. */
export function runOfNumber(text: string): { readonly sync: string; readonly run: number } {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return { sync: String(Math.floor(number / RUNS_PER_SYNC)), run: number % RUNS_PER_SYNC };
}
