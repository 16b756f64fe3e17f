import type { RaisedAlert } from "./alerts.ts";

/** What a look at a queue shows; counts are totals since it began. */
export type QueueLook = {
  readonly oldestWaitingAtMs: number | undefined;
  /** What its last attempt to archive came to; docs/operations.md lists them. */
  readonly alert: string | undefined;
  readonly accepted: number;
  readonly refused: number;
};

/** A look at a queue that later ones are compared with. */
export type QueueBaseline = Pick<QueueLook, "accepted" | "refused"> & { readonly atMs: number };

const MINUTE_MS = 60_000;

/** A failed attempt is tried again within seconds; longer than this it does not pass by itself. */
const FAILING_MS = 5 * MINUTE_MS;

/** Files are written after a minute. */
const LAG_MS = 15 * MINUTE_MS;

/** Over which time refusals are weighed, so that one bad client's burst is no alert. */
export const WEIGHED_MS = 10 * MINUTE_MS;
export const REFUSED_MIN = 100;
const REFUSED_SHARE_MIN = 0.05;

/** What a queue says when files go elsewhere, or may stand twice: nothing to be told of. */
const PASSING = /^archive_(?:failover|suspects):/;

/** What is wrong with the archiving of a queue, and since when. */
export function archiveSigns(
  { oldestWaitingAtMs, alert }: Pick<QueueLook, "oldestWaitingAtMs" | "alert">,
  nowMs: number,
): ReadonlyMap<RaisedAlert, number> {
  const found = new Map<RaisedAlert, number>();
  const sinceMs = oldestWaitingAtMs ?? nowMs;
  const waitedMs = nowMs - sinceMs;
  if (waitedMs >= LAG_MS) found.set("archive_lag", sinceMs);
  if (alert === undefined || PASSING.test(alert)) return found;
  if (alert.startsWith("archive_conflict")) found.set("archive_conflict", sinceMs);
  else if (waitedMs >= FAILING_MS) found.set("archive_failing", sinceMs);
  return found;
}

/** Whether so many of the events of the last minutes were refused that somebody has to look. */
export function isRefusing(
  before: Pick<QueueBaseline, "accepted" | "refused">,
  now: Pick<QueueLook, "accepted" | "refused">,
): boolean {
  const refused = now.refused - before.refused;
  const all = refused + now.accepted - before.accepted;
  return refused >= REFUSED_MIN && refused >= all * REFUSED_SHARE_MIN;
}
