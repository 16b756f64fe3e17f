import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { startLocalAws } from "../../../scripts/local-aws/start.ts";
import { homeBucket } from "../../../src/archive/home-bucket.ts";
import type { SourceId } from "../../../src/core/ids.ts";
import type { Deliverer } from "../../../src/deliver/deliverer.ts";
import { parquetDestination } from "../../../src/deliver/lake/destination.ts";
import { readBucket, s3Client } from "../read-bucket.ts";
import { groundOf } from "./ground.ts";

const LOCATION = "eu-west-1";
const BUCKET = homeBucketName(LOCATION);

export type Row = Readonly<Record<string, unknown>>;

/** Data lakes in a bucket of the local AWS, and duckdb to read them with. */
export type Lake = {
  /** A source of its own, with a destination that writes its files. */
  readonly make: () => Promise<{ readonly sourceId: SourceId; readonly files: Deliverer }>;
  /** Downloads the files of a source, for duckdb to read, and says where they are below it. */
  readonly download: (sourceId: SourceId) => Promise<readonly string[]>;
  readonly query: (sql: string) => Promise<readonly Row[]>;
  /** What duckdb reads a table of a source from, once it is downloaded. */
  readonly tableOf: (sourceId: SourceId, table: string) => string;
  /** Where downloads are. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
};

export async function startLake(): Promise<Lake> {
  const aws = await startLocalAws();
  const endpoint = aws.endpoints[LOCATION];
  const access = { endpoint, location: LOCATION, credentials: aws.credentials.eu } as const;
  const folder = await mkdtemp(join(tmpdir(), "homeport-parquet-"));
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
  let sources = 0;
  return {
    folder,
    make: async () => {
      const sourceId: SourceId = `src_eu_0123456789abcdef000000${1_000 + sources++}`;
      const address = { url: `${endpoint}/${BUCKET}`, location: LOCATION, ...access.credentials };
      const buckets = {
        buckets: { [LOCATION]: address },
        environment: "development",
      } as unknown as Parameters<typeof homeBucket>[0];
      const open = () => homeBucket(buckets, sourceId, LOCATION);
      const bucket = { location: LOCATION, open } as const;
      return { sourceId, files: await parquetDestination.make(groundOf({}, { sourceId, bucket })) };
    },
    download: async (sourceId) => {
      const prefix = `segment-data/data/${sourceId}/`;
      const keys = (await readBucket(access, BUCKET, prefix)).map(({ key }) => key);
      const client = s3Client(access);
      for (const key of keys) {
        const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
        await mkdir(dirname(join(folder, key)), { recursive: true });
        await writeFile(join(folder, key), (await object.Body?.transformToByteArray()) ?? "");
      }
      client.destroy();
      return keys.map((key) => key.slice(prefix.length));
    },
    query: async (sql) => (await duckdb.runAndReadAll(sql)).getRowObjectsJson(),
    tableOf: (sourceId, table) => {
      const path = join(folder, "segment-data/data", sourceId, `segment_type=${table}`);
      return `read_parquet('${path}/**/*.parquet', union_by_name = true, hive_partitioning = false)`;
    },
    stop: async () => {
      duckdb.closeSync();
      await rm(folder, { recursive: true, force: true });
      await aws.stop();
    },
  };
}
