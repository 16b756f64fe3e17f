import { readColumn } from "./chunk-row.ts";
import type { QueueLog, Segment, Sql } from "./queue-log.ts";

/** A chunk as a lane gets it: its lines as they are stored, to be unpacked over there. */
export type LanePiece = {
  /** Number of its first event. */
  readonly seq: number;
  readonly events: number;
  readonly isCompressed: boolean;
  readonly lines: Uint8Array;
};

/** Bytes of lines, before compression, that one read hands over; one chunk may have a little more. */
export const LANE_READ_BYTES_MAX = 1_000_000;

/** Segments that are kept for lanes after they were archived. */
export const LANE_SEGMENTS_MAX = 12;

/** Storage beyond which nothing is kept for lanes: before the queue would ask for more shards. */
export const LANE_DATABASE_BYTES_MAX = 3_000_000_000;

/** Chunks of one read. */
const READ_CHUNKS_MAX = 500;

/** The chunks from the one that holds `fromSeq` on; none when the log does not hold it any more. */
export function readForLane(sql: Sql, log: QueueLog, fromSeq: number): readonly LanePiece[] {
  const segment = log.segments.find(
    ({ firstSeq, lastSeq }) => firstSeq <= fromSeq && fromSeq <= (lastSeq ?? log.nextSeq - 1),
  );
  if (segment === undefined) return [];
  const table = `log_${segment.id}`;
  const sizes = sql
    .exec(
      `SELECT seq, bytes FROM ${table}
       WHERE seq >= (SELECT MAX(seq) FROM ${table} WHERE seq <= ?) ORDER BY seq LIMIT ?`,
      fromSeq,
      READ_CHUNKS_MAX,
    )
    .toArray();
  const [first] = sizes;
  if (first === undefined) return [];
  let bytes = 0;
  let last = Number(first["seq"]);
  for (const row of sizes) {
    bytes += Number(row["bytes"]);
    if (bytes > LANE_READ_BYTES_MAX) break;
    last = Number(row["seq"]);
  }
  return sql
    .exec(
      `SELECT seq, events, compressed, lines FROM ${table} WHERE seq BETWEEN ? AND ? ORDER BY seq`,
      Number(first["seq"]),
      last,
    )
    .toArray()
    .map((row) => ({
      seq: Number(row["seq"]),
      events: Number(row["events"]),
      isCompressed: row["compressed"] === 1,
      lines: readColumn(row["lines"]),
    }));
}

/**
 * How far the log may be dropped: what is archived, unless a lane still needs it and there is room.
 * Lanes that are further behind read archive files.
 */
export function droppableSeq(
  segments: readonly Segment[],
  place: {
    readonly archivedSeq: number;
    readonly passedSeq: number | undefined;
    readonly databaseBytes: number;
  },
): number {
  const { archivedSeq, passedSeq = archivedSeq, databaseBytes } = place;
  if (databaseBytes > LANE_DATABASE_BYTES_MAX) return archivedSeq;
  const kept = segments.filter(
    ({ lastSeq }) => lastSeq !== undefined && lastSeq <= archivedSeq && lastSeq > passedSeq,
  );
  const surplus = kept[kept.length - LANE_SEGMENTS_MAX - 1];
  return Math.min(archivedSeq, Math.max(passedSeq, surplus?.lastSeq ?? 0));
}
