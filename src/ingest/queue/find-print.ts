import { PRINT_BYTES } from "../append.ts";
import { readColumn } from "./chunk-row.ts";
import type { Segment, Sql } from "./queue-log.ts";

/**
 * The number of the event with that fingerprint, committed within that second, as far as the log
 * still holds it. Only the chunks of that second are opened.
 */
export function seqOfPrint(
  sql: Sql,
  segments: readonly Segment[],
  print: Uint8Array,
  second: number,
): number | undefined {
  for (const { id } of segments.toReversed()) {
    const rows = sql
      .exec(
        `SELECT seq, prints FROM log_${id} WHERE committed_at_ms >= ? AND committed_at_ms < ?`,
        second * 1_000,
        (second + 1) * 1_000,
      )
      .toArray();
    for (const row of rows) {
      const index = indexOf(readColumn(row["prints"]), print);
      if (index !== undefined) return Number(row["seq"]) + index;
    }
  }
  return undefined;
}

function indexOf(prints: Uint8Array, print: Uint8Array): number | undefined {
  for (let at = 0; at < prints.byteLength; at += PRINT_BYTES) {
    if (print.every((byte, i) => prints[at + i] === byte)) return at / PRINT_BYTES;
  }
  return undefined;
}
