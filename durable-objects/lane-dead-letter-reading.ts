import { readLines } from "../src/archive/read-lines.ts";
import {
  deadLetterLine,
  eventInDeadLetter,
  readDeadLetter,
} from "../src/deliver/lane/dead-letter.ts";
import type { DeadLetterQuery, FoundDeadLetter } from "../src/deliver/lane/ports.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { DeadFile, DeadLettersTable } from "./storage/dead-letters-table.ts";

/** The letters of one lane, where they are now. */
export type LetterReading = {
  readonly table: DeadLettersTable;
  /** Those whose events are dead letters. */
  readonly files: readonly DeadFile[];
  readonly bucket: (location: ArchiveLocation) => Pick<Bucket, "get">;
};

/** Where one event was found. */
export type FoundLetter = {
  readonly code: string;
  readonly attempts: number;
  readonly file?: string;
};

/** Files that are read for one event: each is a request to the bucket. */
const TRACED_FILES_MAX = 20;

const decoder = new TextDecoder();

/** See `LaneDeadLetters.search`. */
export async function searchLetters(
  { code, limit }: DeadLetterQuery,
  reading: LetterReading,
): Promise<readonly FoundDeadLetter[]> {
  const { table, files } = reading;
  const found: FoundDeadLetter[] = [];
  for (const file of files) {
    if (found.length >= limit) break;
    if (code !== undefined && file.code !== code) continue;
    const lines = await linesOf(file, reading);
    found.push(...(lines ?? []).flatMap((line) => show(file.key, line)));
  }
  for (const gathering of table.gathering(Number.MAX_SAFE_INTEGER)) {
    if (code !== undefined && gathering.code !== code) continue;
    const entries = table.entries(gathering.ids);
    found.push(...entries.flatMap((entry) => show("", deadLetterLine(entry, gathering.code))));
  }
  return found.slice(0, limit);
}

/** See `LaneDeadLetters.find`. */
export async function findLetter(
  isIt: (seq: number, line: string) => boolean,
  sinceMs: number,
  reading: LetterReading,
): Promise<FoundLetter | "unknown" | undefined> {
  const { table } = reading;
  for (const { ids, code } of table.gathering(Number.MAX_SAFE_INTEGER)) {
    const entry = table.entries(ids).find(({ seq, line }) => isIt(seq, line));
    if (entry !== undefined) return { code, attempts: entry.attempts };
  }
  const files = reading.files.filter(({ lastAtMs }) => lastAtMs >= sinceMs);
  if (files.length > TRACED_FILES_MAX) return "unknown";
  for (const file of files) {
    const lines = await linesOf(file, reading);
    if (lines === undefined) return "unknown";
    for (const line of lines) {
      const letter = readDeadLetter(line);
      if (letter === undefined || !isIt(letter.seq, eventInDeadLetter(line))) continue;
      const where = file.location === undefined ? {} : { file: file.key };
      return { code: file.code, attempts: letter.attempts, ...where };
    }
  }
  return undefined;
}

/** The lines of a file, from the lane while it is not in a bucket; `undefined` when unreadable. */
export async function linesOf(
  file: DeadFile,
  { table, bucket }: Pick<LetterReading, "table" | "bucket">,
): Promise<readonly string[] | undefined> {
  if (file.location === undefined) {
    return table.entriesOfFile(file.key).map((entry) => deadLetterLine(entry, file.code));
  }
  const object = await bucket(file.location).get(file.key);
  if (!object.ok) return undefined;
  const lines: string[] = [];
  try {
    for await (const some of readLines(object.value.body)) {
      lines.push(...some.map((line) => decoder.decode(line)));
    }
  } catch {
    return undefined;
  }
  return lines;
}

function show(file: string, line: string): readonly FoundDeadLetter[] {
  const letter = readDeadLetter(line);
  if (letter === undefined) return [];
  const { code, reason, attempts, event } = letter;
  return [{ file, code, reason, attempts, event }];
}
