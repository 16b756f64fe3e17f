import { sealAt, type SealRule } from "./seal.ts";

/** First and longest wait after a failed attempt to archive. */
const RETRY_MS_BASE = 1_000;
const RETRY_MS_MAX = 60_000;

/** How long a queue waits while others of its isolate build files. */
export const BUSY_MS = 200;

/** A queue that has held nothing for this long tells its workspace so. */
export const IDLE_MS = 600_000;

/** What the alarm time depends on; all of it is read from tables or survives a restart unneeded. */
export type QueueState = {
  readonly waiting: { readonly bytes: number; readonly oldestAtMs: number | undefined };
  /** Attempts to archive that failed in a row. */
  readonly failures: number;
  readonly lastFailureAtMs: number;
  /** Until when other queues of the isolate go first; 0 when none does. */
  readonly busyUntilMs: number;
  /** Until when no location of the source is to be asked; 0 when one may be. */
  readonly closedUntilMs: number;
  /** Whether fingerprints wait to be merged. */
  readonly mergePending: boolean;
  /** When the open segment of the log is closed, so that no event stays in it for long. */
  readonly rotateAtMs: number | undefined;
  /** When the oldest remembered fingerprints end their window. */
  readonly expiryAtMs: number | undefined;
  /** Whether the workspace was told that this queue holds data. */
  readonly toldFilled: boolean;
  /** When what was seen of the outside has to be written or told. */
  readonly evidenceAtMs: number | undefined;
};

/** When the queue has work again; `undefined` when nothing is left to do. */
export function nextAlarmAt(state: QueueState, rule: SealRule, nowMs: number): number | undefined {
  const times = [state.expiryAtMs, state.rotateAtMs, state.evidenceAtMs];
  const seal = sealAt(state.waiting, rule);
  if (seal !== undefined) {
    times.push(Math.max(seal, retryAtMs(state)));
  } else if (state.toldFilled) {
    times.push(nowMs + IDLE_MS);
  }
  if (state.mergePending) times.push(nowMs + RETRY_MS_BASE);
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(nowMs, Math.min(...known));
}

/** Whether an attempt to archive may be made now. */
export function mayArchive(state: QueueState, rule: SealRule, nowMs: number): boolean {
  const seal = sealAt(state.waiting, rule);
  return seal !== undefined && nowMs >= Math.max(seal, retryAtMs(state));
}

function retryAtMs(state: QueueState): number {
  const { failures, lastFailureAtMs, busyUntilMs, closedUntilMs } = state;
  const retry = failures > 0 ? lastFailureAtMs + retryDelayMs(failures) : 0;
  return Math.max(busyUntilMs, closedUntilMs, retry);
}

/** Doubles with each failure, up to a minute. */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_MS_MAX, RETRY_MS_BASE * 2 ** (failures - 1));
}
