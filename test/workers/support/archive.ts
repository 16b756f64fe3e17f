import { env } from "cloudflare:workers";
import { reach } from "../../../durable-objects/reach.ts";
import type { RecordedFile } from "../../../src/archive/archive-file.ts";
import { formatKey } from "../../../src/archive/key.ts";
import { buildUserFilter } from "../../../src/archive/user-filter.ts";
import type { SourceId } from "../../../src/core/ids.ts";
import { locate } from "../../../src/region/placement.ts";

export const SOURCE_ID: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
export const DAY_MS = Date.UTC(2026, 10, 22);
export const MONTH = "2026-11";

export const objects = reach(env, { jurisdictions: "simulated" });

/** Stubs, as the test runtime wants them to run alarms and to evict. */
export const archiveStub = () =>
  locate(env.ARCHIVE, { kind: "archive", sourceId: SOURCE_ID }, "simulated");
export const monthStub = () =>
  locate(
    env.ARCHIVE_MONTH,
    { kind: "archive-month", sourceId: SOURCE_ID, month: MONTH },
    "simulated",
  );
export const month = () => objects.archiveMonth(SOURCE_ID, MONTH);
export const archive = () => objects.archive(SOURCE_ID);

export function keyOf(seq: number, dayMs = DAY_MS): string {
  return formatKey({
    sourceId: SOURCE_ID,
    dayMs,
    ingestRegion: "eu1",
    shard: 0,
    incarnation: "abcd",
    firstSeq: seq,
    lastSeq: seq,
  });
}

/** A file of one event, received `seq` seconds after midnight. */
export function fileOf(seq: number, changes: Partial<RecordedFile> = {}): RecordedFile {
  return {
    sourceId: SOURCE_ID,
    key: keyOf(seq),
    location: "eu-west-1",
    events: 1,
    rawBytes: 100,
    gzipBytes: 50,
    ndjsonSha256: "ab".repeat(32),
    firstReceivedAtMs: DAY_MS + seq * 1000,
    lastReceivedAtMs: DAY_MS + seq * 1000,
    writtenBy: "homeport",
    userFilter: buildUserFilter(hash(seq)),
    ...changes,
  };
}

/** The hash of a user who is in the file of that number only. */
export function hash(seq: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(
    0,
    (BigInt(seq) * 0x9e3779b97f4a7c15n) & (2n ** 64n - 1n),
  );
  return bytes;
}

/** What is held of a file: all but its filter. */
export function withoutFilter({ userFilter: _userFilter, ...file }: RecordedFile) {
  return file;
}
