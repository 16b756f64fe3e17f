import type { Bucket } from "../../../src/s3/bucket.ts";
import { connectionBucket, type OpenedConnection } from "../../../src/sync/connection/open.ts";
import type { FileFormat } from "../../../src/sync/source/files/folders.ts";
import { openFileSource, type FileSource } from "../../../src/sync/source/files/file-source.ts";
import type { SourceRow } from "../../../src/sync/source/source.ts";
import type { MemoryBucket } from "./memory-bucket.ts";

export const SEEDS = { keyA: 1n, keyB: -2n, row: 3n };

/** A connection to files in that bucket, as a developer's workspace has it. */
export function filesConnection({ url }: Pick<MemoryBucket, "url">): OpenedConnection {
  return {
    id: "con_eu_0123456789abcdef0123456789",
    kind: "files",
    region: "eu",
    settings: { url, accessKeyId: "key", secretAccessKey: "secret" },
    hosts: [],
  };
}

export function bucketOf(bucket: Pick<MemoryBucket, "url">): Bucket {
  const dial = (): never => {
    throw new Error("Cannot dial: files need no socket");
  };
  return connectionBucket(filesConnection(bucket), { development: true, dial });
}

/** Opens the folder `data/` of a bucket. */
export function openFolder(
  bucket: MemoryBucket,
  format: FileFormat,
  files: "newest" | "all" = "newest",
): Promise<FileSource> {
  const model = { kind: "folder", prefix: "data/", format, files } as const;
  return openFileSource(bucketOf(bucket), model, SEEDS, AbortSignal.any([]));
}

/** All rows of a source with the columns that they are told apart by. */
export async function rowsOf(
  source: FileSource,
  columns: readonly string[],
  key: readonly string[] = columns.slice(0, 1),
): Promise<{ readonly rows: readonly SourceRow[]; readonly nullKeys: readonly SourceRow[] }> {
  const rows: SourceRow[] = [];
  const nullKeys: SourceRow[] = [];
  for await (const batch of source.read({ columns, key }, AbortSignal.any([]))) {
    rows.push(...batch.rows.map(({ row }) => row));
    nullKeys.push(...batch.nullKeys);
  }
  return { rows, nullKeys };
}
