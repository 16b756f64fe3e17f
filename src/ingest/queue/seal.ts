import { dayOf } from "../../archive/key.ts";
import type { StoredChunk } from "./chunk-row.ts";

/** When a range of the log becomes a file. */
export type SealRule = {
  /** Age of the oldest event that waits. */
  readonly afterMs: number;
  /** Bytes of NDJSON. */
  readonly bytes: number;
};

/** Events in one file: keeps the filter of its user ids well under one row. */
export const FILE_EVENTS_MAX = 400_000;

/** Bytes of gzip in one file: what an object sends out in one request stays small. */
export const FILE_GZIP_BYTES_MAX = 8 * 1024 * 1024;

const DAY_MS = 86_400_000;

/** When what waits has to be sealed; now or earlier means at once. */
export function sealAt(
  waiting: { readonly bytes: number; readonly oldestAtMs: number | undefined },
  rule: SealRule,
): number | undefined {
  if (waiting.oldestAtMs === undefined) return undefined;
  if (waiting.bytes >= rule.bytes) return waiting.oldestAtMs;
  // A file never crosses a midnight, so a day's last events need not wait beyond it.
  return Math.min(waiting.oldestAtMs + rule.afterMs, dayOf(waiting.oldestAtMs) + DAY_MS);
}

/** How far a file has grown. */
export type Growth = {
  readonly dayMs: number;
  readonly events: number;
  readonly rawBytes: number;
  readonly gzipBytes: number;
};

/** Whether `chunk` may join a file that has grown that far; the first chunk always may. */
export function fits(
  chunk: Pick<StoredChunk, "committedAtMs" | "events">,
  file: Growth,
  rule: SealRule,
): boolean {
  if (file.events === 0) return true;
  return (
    dayOf(chunk.committedAtMs) === file.dayMs &&
    file.events + chunk.events <= FILE_EVENTS_MAX &&
    file.rawBytes < rule.bytes &&
    file.gzipBytes < FILE_GZIP_BYTES_MAX
  );
}
