import { gunzipSync } from "node:zlib";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";

export type BucketAccess = {
  readonly endpoint: string;
  readonly location: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
};

/** One object of a bucket, read back and taken apart. */
export type ReadFile = {
  readonly key: string;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The NDJSON lines, parsed; empty when the object is not gzip. */
  readonly lines: readonly unknown[];
  readonly text: string;
};

/** AWS's own client for `access`. */
export function s3Client(access: BucketAccess): S3Client {
  return new S3Client({
    endpoint: access.endpoint,
    region: access.location,
    credentials: access.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
}

/**
 * Reads every object under `prefix` with AWS's own client, so that what the product says of itself
 * can be checked. `onFile` hears of each file, for a display of progress.
 */
export async function readBucket(
  access: BucketAccess,
  bucket: string,
  prefix = "",
  onFile: (file: ReadFile) => void = () => {},
): Promise<readonly ReadFile[]> {
  const client = s3Client(access);
  const files: ReadFile[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key: key = "" } of page.Contents ?? []) {
      const file = await readObject(client, bucket, key);
      files.push(file);
      onFile(file);
    }
  }
  client.destroy();
  return files;
}

async function readObject(client: S3Client, bucket: string, key: string): Promise<ReadFile> {
  const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? new Uint8Array());
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isGzip ? gunzipSync(bytes) : bytes).toString("utf8");
  const lines = isGzip ? text.split("\n").filter((line) => line !== "") : [];
  return {
    key,
    bytes: bytes.length,
    metadata: object.Metadata ?? {},
    lines: lines.map((line): unknown => JSON.parse(line)),
    text,
  };
}
