import { BASE32_CLASS } from "../core/base32.ts";
import { isChildId, type SourceId } from "../core/ids.ts";
import { SHARDS_MAX } from "../region/object-names.ts";
import { isIngestRegion, type IngestRegion } from "../region/regions.ts";

/**
 * What a key of ours says: which range of which queue's log became the file. `incarnation` is random
 * per life of the queue's storage, since a restore to an earlier time hands out the same numbers again.
 */
export type FileName = {
  readonly sourceId: SourceId;
  /** Midnight UTC of the day the events were committed, epoch ms. */
  readonly dayMs: number;
  readonly ingestRegion: IngestRegion;
  readonly shard: number;
  readonly incarnation: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
};

/** What a key in the common shape says, whoever wrote the file. */
export type LogKey =
  | { readonly writtenBy: "homeport"; readonly dayMs: number; readonly name: FileName }
  | { readonly writtenBy: "segment"; readonly dayMs: number; readonly id: string };

const DAY_MS = 86_400_000;
const LOG_KEY = /^segment-logs\/([A-Za-z0-9_-]{1,64})\/(0|[1-9]\d{0,14})\/([^/]+)\.gz$/;
const NUMBER = "(0|[1-9]\\d{0,15})";
const NAME = new RegExp(`^([a-z]{2}\\d)-${NUMBER}-(${BASE32_CLASS}{4,32})-${NUMBER}-${NUMBER}$`);

/** Midnight UTC of the day of that instant. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** The month of that instant, `YYYY-MM` in UTC: which ArchiveMonth holds the file's row. */
export function monthOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7);
}

/** Where all files of a source begin; `id` is ours or, for a bucket Segment wrote, Segment's. */
export function prefixOf(id: string): string {
  return `segment-logs/${id}/`;
}

/**
 * The object key of a file.
 *
 * @throws RangeError when a part would not read back, which is a bug of the caller.
 */
export function formatKey(name: FileName): string {
  const { sourceId, dayMs, ingestRegion, shard, incarnation, firstSeq, lastSeq } = name;
  const key = `${prefixOf(sourceId)}${dayMs}/${ingestRegion}-${shard}-${incarnation}-${firstSeq}-${lastSeq}.gz`;
  if (parseKey(key)?.writtenBy !== "homeport") {
    throw new RangeError(`Cannot name an archive file "${key}": a part is out of its range`);
  }
  return key;
}

/**
 * Reads a key of ours, or one that Segment wrote (same folders, any file name). `undefined` for
 * every other object, which is then no archive file.
 */
export function parseKey(key: string): LogKey | undefined {
  const [, id = "", day = "", file = ""] = LOG_KEY.exec(key) ?? [];
  if (id === "") return undefined;
  const dayMs = Number(day);
  if (dayMs % DAY_MS !== 0 || Number.isNaN(new Date(dayMs).getTime())) return undefined;
  const name = isChildId("src", id) ? parseName(id, dayMs, file) : undefined;
  return name === undefined
    ? { writtenBy: "segment", dayMs, id }
    : { writtenBy: "homeport", dayMs, name };
}

function parseName(sourceId: SourceId, dayMs: number, file: string): FileName | undefined {
  const [, ingestRegion = "", shardText, incarnation = "", first, last] = NAME.exec(file) ?? [];
  const [shard, firstSeq, lastSeq] = [Number(shardText), Number(first), Number(last)];
  if (!isIngestRegion(ingestRegion) || shard >= SHARDS_MAX || !Number.isSafeInteger(lastSeq)) {
    return undefined;
  }
  if (firstSeq > lastSeq) return undefined;
  return { sourceId, dayMs, ingestRegion, shard, incarnation, firstSeq, lastSeq };
}
