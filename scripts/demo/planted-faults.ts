import { gunzipSync, gzipSync } from "node:zlib";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { Request } from "miniflare";

import { s3Client } from "../../test/support/read-bucket.ts";
import { HOME_REGIONS, homeOf } from "../../src/region/regions.ts";
import { homeBucketName } from "../local-aws/options.ts";
import type { DemoBucket } from "./buckets.ts";
import { REPLAY_HOST } from "./deliveries.ts";
import { gatherEvidence, type FoundFile, type Ground } from "./evidence.ts";

export const PLANTED_FAULTS = [
  "lost-line",
  "line-twice",
  "second-copy",
  "wrong-bucket",
  "outside-call",
  "wrong-count",
  "wrong-report",
  "lost-delivery",
] as const;

/** Those that only `--own-bucket` can find; they are planted after deletion and replay. */
export const OWN_BUCKET_FAULTS = [
  "beside-own-bucket",
  "kept-line",
  "spoiled-line",
  "lost-replay",
] as const;

/** Those that only `--sync` can find. */
export const SYNC_FAULTS = ["lost-copy"] as const;

/** A fault that the demo plants on purpose, so that a test can see that it would be found. */
export type PlantedFault = (typeof PLANTED_FAULTS)[number];
export type OwnBucketFault = (typeof OWN_BUCKET_FAULTS)[number];
export type SyncFault = (typeof SYNC_FAULTS)[number];

/** The fault that `PLANT_FAULT` names. @throws Error when it names none that can be planted. */
export function plantedFault(
  name: string | undefined,
  { isOwnBucket, isSync }: { readonly isOwnBucket: boolean; readonly isSync: boolean },
): PlantedFault | OwnBucketFault | SyncFault | undefined {
  if (name === undefined || name === "") return undefined;
  const known = [
    ...PLANTED_FAULTS,
    ...(isOwnBucket ? OWN_BUCKET_FAULTS : []),
    ...(isSync ? SYNC_FAULTS : []),
  ];
  const fault = known.find((each) => each === name);
  if (fault !== undefined) return fault;
  throw new Error(`Cannot plant "${name}": PLANT_FAULT is one of ${known.join(", ")}`);
}

/** Whether it is one of those of `--own-bucket`. */
export function isOwnBucketFault(
  fault: PlantedFault | OwnBucketFault | SyncFault | undefined,
): fault is OwnBucketFault {
  return OWN_BUCKET_FAULTS.some((each) => each === fault);
}

/** Whether it is one of those that every form of the demo finds. */
export function isPlantedFault(
  fault: PlantedFault | OwnBucketFault | SyncFault | undefined,
): fault is PlantedFault {
  return PLANTED_FAULTS.some((each) => each === fault);
}

/** Spoils what the demo is about to read. Wrong counts and reports are planted where they are read. */
export async function plant(fault: PlantedFault, ground: Ground): Promise<void> {
  if (fault === "wrong-count" || fault === "wrong-report") return;
  if (fault === "lost-delivery") {
    ground.sinks.loseOne();
    return;
  }
  if (fault === "outside-call") {
    const stray = new Request("https://collector.example.com/v1/batch", {
      method: "POST",
      body: "{}",
    });
    await ground.stack.recorder.handle(stray);
    return;
  }
  const file = await fileOfEu(ground);
  const lines = await read(ground, file);
  const [first = ""] = lines;
  if (fault === "lost-line") await write(ground, file, lines.slice(1));
  if (fault === "line-twice") await write(ground, file, [first, ...lines]);
  if (fault === "second-copy") {
    const other = HOME_REGIONS.eu.locations.find((location) => location !== file.location);
    if (other !== undefined) {
      await write(ground, { ...file, bucket: homeBucketName(other) }, lines);
    }
  }
  if (fault === "wrong-bucket") {
    await write(ground, { ...file, bucket: homeBucketName("us-west-2") }, [first]);
  }
}

/** Spoils what `--own-bucket` reads after it let a user be deleted, whose lines those were. */
export async function plantInOwnBucket(
  fault: OwnBucketFault,
  ground: Ground,
  deleted: readonly string[],
): Promise<void> {
  if (fault === "lost-replay") {
    ground.sinks.loseOne(REPLAY_HOST);
    return;
  }
  const file = await fileOfEu(ground);
  const lines = await read(ground, file);
  const [first = "", ...others] = lines;
  if (fault === "kept-line") await write(ground, file, [...lines, deleted[0] ?? ""]);
  if (fault === "spoiled-line") await write(ground, file, [`${first.slice(0, -1)} }`, ...others]);
  if (fault === "beside-own-bucket") {
    await write(ground, { ...file, bucket: homeBucketName(file.location) }, [first]);
  }
}

async function fileOfEu(ground: Ground): Promise<FoundFile> {
  const { files } = await gatherEvidence(ground);
  const file = files.find(({ location }) => homeOf(location) === "eu");
  if (file === undefined) throw new Error("Cannot plant a fault: there is no file in the eu");
  return file;
}

async function read(ground: Ground, { bucket, key }: FoundFile): Promise<string[]> {
  const client = s3Client(bucketOf(ground, bucket).access);
  const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
  client.destroy();
  return gunzipSync(bytes).toString("utf8").trimEnd().split("\n");
}

async function write(
  ground: Ground,
  { bucket, key }: FoundFile,
  lines: readonly string[],
): Promise<void> {
  const { access, kmsKeyArn } = bucketOf(ground, bucket);
  const client = s3Client(access);
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: gzipSync(`${lines.join("\n")}\n`),
      ContentEncoding: "gzip",
      ...(kmsKeyArn === undefined
        ? {}
        : { ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyArn }),
    }),
  );
  client.destroy();
}

function bucketOf({ buckets }: Ground, name: string): DemoBucket {
  const bucket = buckets.find((each) => each.name === name);
  if (bucket === undefined) throw new Error("Cannot plant a fault: no such bucket");
  return bucket;
}
