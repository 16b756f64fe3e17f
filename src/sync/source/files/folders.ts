import type { Bucket } from "../../../s3/bucket.ts";
import type { ListedObject } from "../../../s3/list-xml.ts";
import { bucketFailure } from "./failure.ts";
import { SourceFailure } from "../source.ts";

/** A folder of a bucket as a table: all its files have one format. */
export type FolderEntry = {
  /** With the slash at its end; empty for the bucket's own. */
  readonly prefix: string;
  readonly format: FileFormat;
  readonly files: number;
  readonly bytes: number;
  readonly newestAtMs: number;
};

export const FILE_FORMATS = ["csv", "ndjson", "parquet"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Keys asked for at once. */
const PAGE_KEYS = 1_000;
/** Keys looked at for a list of folders: enough to choose from, whatever else the bucket holds. */
const LOOKED_AT_MAX = 20_000;
/** Files of one table. */
const FILES_MAX = 10_000;
/** The character that sorts behind all others. */
const LAST_CHARACTER = "\u{10FFFF}";

const NAMES: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.csv(?:\.gz)?$/i, "csv"],
  [/\.(?:ndjson|jsonl)(?:\.gz)?$/i, "ndjson"],
  [/\.parquet$/i, "parquet"],
];

/** The format that a file's name says; `undefined` for any other file. */
export function formatOf(key: string): FileFormat | undefined {
  return NAMES.find(([name]) => name.test(key))?.[1];
}

/** The folders that hold files, by name. @throws SourceFailure. */
export async function listFolders(
  bucket: Bucket,
  signal: AbortSignal,
): Promise<readonly FolderEntry[]> {
  const folders = new Map<string, FolderEntry>();
  let looked = 0;
  for await (const entry of entriesOf(bucket, "", signal)) {
    if ((looked += 1) > LOOKED_AT_MAX) break;
    const format = formatOf(entry.key);
    if (format === undefined) continue;
    const prefix = entry.key.slice(0, entry.key.lastIndexOf("/") + 1);
    const held = folders.get(`${prefix} ${format}`);
    folders.set(`${prefix} ${format}`, {
      prefix,
      format,
      files: (held?.files ?? 0) + 1,
      bytes: (held?.bytes ?? 0) + entry.size,
      newestAtMs: Math.max(held?.newestAtMs ?? 0, entry.lastModifiedMs),
    });
  }
  return [...folders.values()];
}

/**
 * The files that are a table: those directly in the folder, the newest alone or all in the order of
 * their names.
 *
 * @throws SourceFailure, also where there is none.
 */
export async function listFiles(
  bucket: Bucket,
  {
    prefix,
    format,
    files,
  }: { readonly prefix: string; readonly format: FileFormat; readonly files: "newest" | "all" },
  signal: AbortSignal,
): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const entry of entriesOf(bucket, prefix, signal, behindFolder)) {
    const isInside = !entry.key.slice(prefix.length).includes("/");
    if (!isInside || formatOf(entry.key) !== format || entry.size === 0) continue;
    found.push(entry);
    if (found.length > FILES_MAX) {
      const message = `The folder has more than ${FILES_MAX} files`;
      throw new SourceFailure("too_many_files", message, false);
    }
  }
  const [first, ...rest] = found;
  if (first === undefined) {
    throw new SourceFailure("no_such_table", "The folder has no file of that format", false);
  }
  if (files === "all") return found;
  // Of two written in the same second the later name is the later version.
  const isLater = (a: ListedObject, b: ListedObject): boolean =>
    a.lastModifiedMs === b.lastModifiedMs ? a.key > b.key : a.lastModifiedMs > b.lastModifiedMs;
  return [rest.reduce((newest, entry) => (isLater(entry, newest) ? entry : newest), first)];
}

/** Entries below a prefix; a page goes on behind what `behind` makes of the last key of the one before. */
async function* entriesOf(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
  behind = (_: string, key: string): string => key,
): AsyncGenerator<ListedObject> {
  let after: string | undefined;
  do {
    if (signal.aborted) throw new SourceFailure("aborted", "The reading was broken off", true);
    const page = await bucket.list(prefix, {
      max: PAGE_KEYS,
      ...(after === undefined ? {} : { after }),
    });
    if (!page.ok) throw bucketFailure(page.error);
    yield* page.value.entries;
    const { next } = page.value;
    after = next === undefined ? undefined : behind(prefix, next);
  } while (after !== undefined);
}

/** Behind all of the folder that a key is in, where that is not the one with this prefix. */
function behindFolder(prefix: string, key: string): string {
  const [folder, ...rest] = key.slice(prefix.length).split("/");
  return rest.length === 0 ? key : `${prefix}${folder}/${LAST_CHARACTER}`;
}
