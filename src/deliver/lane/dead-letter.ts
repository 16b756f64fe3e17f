import type { DestinationId, SourceId } from "../../core/ids.ts";
import type { LaneEntry } from "./entry.ts";

/** A dead letter as its file has it: the event, and what became of it. No answer's text is kept. */
export type DeadLetter = {
  readonly reason: "rejected" | "attempts-exhausted";
  /** Segment's code, or the status of the last answer. */
  readonly code: string;
  readonly attempts: number;
  readonly firstAttemptAt: string | null;
  readonly seq: number;
  readonly event: unknown;
};

/** Events of one file. */
export const DEAD_FILE_EVENTS_MAX = 1_000;

/** Bytes of the lines of one file. */
export const DEAD_FILE_BYTES_MAX = 1_000_000;

/** How long dead letters gather for a file. */
export const DEAD_FILE_MS = 30_000;

/** Codes that may succeed later: a dead letter of one of them ran out of time. */
const TRANSIENT = /^(?:408|423|429|5(?!01)\d\d|E[A-Z]+|RETRY)$/;

/** What stands between a letter's own members, none of which holds such a text, and the event. */
const EVENT = ',"event":';

/** One line of a file of dead letters; the event's own JSON stands in it as it came. */
export function deadLetterLine(entry: LaneEntry, code: string): string {
  const { attempts, firstAttemptAtMs, seq, line } = entry;
  const head = JSON.stringify({
    reason: TRANSIENT.test(code) ? "attempts-exhausted" : "rejected",
    code,
    attempts,
    firstAttemptAt: firstAttemptAtMs === 0 ? null : new Date(firstAttemptAtMs).toISOString(),
    seq,
  });
  return `${head.slice(0, -1)}${EVENT}${line}}`;
}

/** The entry that a line tells of, as it is sent again: with attempts of its own. */
export function readDeadLetter(line: string): DeadLetter | undefined {
  try {
    const letter: unknown = JSON.parse(line);
    return typeof letter === "object" && letter !== null && "event" in letter && "seq" in letter
      ? (letter as DeadLetter)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The event of a dead letter's line, byte by byte as it came. */
export function eventInDeadLetter(line: string): string {
  return line.slice(line.indexOf(EVENT) + EVENT.length, -1);
}

/** What names a lane's files of dead letters. */
export type DeadLetterOrigin = {
  readonly sourceId: SourceId;
  readonly destinationId: DestinationId;
  readonly ingestRegion: string;
  readonly shard: number;
  /** Random per life of the lane's storage. */
  readonly incarnation: string;
};

/** Where the files of all dead letters of a destination begin. */
export function deadLetterPrefix(sourceId: SourceId, destinationId: DestinationId): string {
  return `segment-logs/${sourceId}/dead-letters/${destinationId}/`;
}

/** The key of the file whose first letter has that number in the lane's table. */
export function deadLetterKey(origin: DeadLetterOrigin, dayMs: number, first: number): string {
  const { sourceId, destinationId, ingestRegion, shard, incarnation } = origin;
  const prefix = deadLetterPrefix(sourceId, destinationId);
  return `${prefix}${dayMs}/${ingestRegion}-${shard}-${incarnation}-${first}.gz`;
}
