import type { InvalidRow } from "../engine/change.ts";
import type { SourceRow } from "../source/source.ts";
import type { RowUser } from "../mapping/mapping.ts";
import type { TargetOperation, TargetRecord } from "../target/target.ts";
import type { Opened } from "./ports.ts";
import type { LogRecord } from "./run.ts";

/** Characters of a record shown in the report; a column of a warehouse and a row of ours hold it. */
const PAYLOAD_CHARS_MAX = 8_000;
const REASON_CHARS_MAX = 500;

/** Rows of a report packed together, and characters of them: at three bytes each one row of ours holds them. */
const PART_MAX = { records: 1_000, chars: 600_000 };

/** The rows in parts that are kept as one until they are written out. */
export function logParts(records: readonly LogRecord[]): readonly (readonly LogRecord[])[] {
  const parts: LogRecord[][] = [];
  let part: LogRecord[] = [];
  let chars = 0;
  for (const record of records) {
    const more = record.payload.length + record.identifier.length;
    const isFull = part.length >= PART_MAX.records || chars + more > PART_MAX.chars;
    if (parts.length === 0 || isFull) {
      part = [];
      parts.push(part);
      chars = 0;
    }
    part.push(record);
    chars += more;
  }
  return parts;
}

/** The report's row of a record that the destination decided. */
export function logOfRecord(
  { record, user }: { readonly record: TargetRecord; readonly user: RowUser },
  operation: TargetOperation,
  decided: { readonly status: "succeeded" | "rejected"; readonly message: string | undefined },
  times: { readonly startedAtMs: number; readonly endedAtMs: number },
): LogRecord {
  return {
    identifier: record.identifier,
    user,
    operation,
    status: decided.status,
    message: decided.message?.slice(0, REASON_CHARS_MAX),
    payload: JSON.stringify(record.fields).slice(0, PAYLOAD_CHARS_MAX),
    ...times,
  };
}

const WHY_INVALID: Readonly<Record<InvalidRow["reason"], string>> = {
  NULL: "the sync key is NULL",
  DUPLICATE: "another row has the same sync key",
  KEY_TOO_LONG: "the sync key is too long to be kept",
};

/** The report's row of a row that is never sent. */
export function logOfInvalid(
  { sync, mapper }: Pick<Opened, "sync" | "mapper">,
  { reason, row }: InvalidRow,
  nowMs: number,
): LogRecord {
  return {
    identifier: keyText(mapper.columns, mapper.key, row),
    user: mapper.userOf(row),
    operation: sync.behaviour,
    status: reason,
    message: WHY_INVALID[reason],
    payload: JSON.stringify(cellsOf(mapper.columns, row)).slice(0, PAYLOAD_CHARS_MAX),
    startedAtMs: nowMs,
    endedAtMs: nowMs,
  };
}

function cellsOf(columns: readonly string[], row: SourceRow): Record<string, string | null> {
  return Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null]));
}

function keyText(columns: readonly string[], key: readonly string[], row: SourceRow): string {
  return key.map((name) => row[columns.indexOf(name)] ?? "").join(",");
}
