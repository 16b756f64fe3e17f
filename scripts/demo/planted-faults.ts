import { gunzipSync, gzipSync } from "node:zlib";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { Request } from "miniflare";

import { s3Client } from "../../test/support/read-bucket.ts";
import { HOME_REGIONS, homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import { homeBucketName } from "../local-aws/options.ts";
import type { Stack } from "../stack/start-stack.ts";
import { accessTo, gatherEvidence } from "./evidence.ts";
import type { Sinks } from "./deliveries.ts";
import type { DemoHome } from "./homes.ts";

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

/** A fault that the demo plants on purpose, so that a test can see that it would be found. */
export type PlantedFault = (typeof PLANTED_FAULTS)[number];

/** The fault that `PLANT_FAULT` names. @throws Error when it names none of them. */
export function plantedFault(name: string | undefined): PlantedFault | undefined {
  if (name === undefined || name === "") return undefined;
  const fault = PLANTED_FAULTS.find((known) => known === name);
  if (fault !== undefined) return fault;
  throw new Error(`Cannot plant "${name}": PLANT_FAULT is one of ${PLANTED_FAULTS.join(", ")}`);
}

/** Spoils what the demo is about to read. Wrong counts and reports are planted where they are read. */
export async function plant(
  fault: PlantedFault,
  stack: Stack,
  homes: readonly DemoHome[],
  sinks: Sinks,
): Promise<void> {
  if (fault === "wrong-count" || fault === "wrong-report") return;
  if (fault === "lost-delivery") {
    sinks.loseOne();
    return;
  }
  if (fault === "outside-call") {
    const stray = new Request("https://collector.example.com/v1/batch", {
      method: "POST",
      body: "{}",
    });
    await stack.recorder.handle(stray);
    return;
  }
  const { files } = await gatherEvidence(stack, homes, sinks);
  const file = files.find(({ location }) => homeOf(location) === "eu");
  if (file === undefined) throw new Error("Cannot plant a fault: there is no file in the eu");
  const lines = await read(stack, file.location, file.key);
  const [first = ""] = lines;
  if (fault === "lost-line") await write(stack, file.location, file.key, lines.slice(1));
  if (fault === "line-twice") await write(stack, file.location, file.key, [first, ...lines]);
  if (fault === "second-copy") {
    const other = HOME_REGIONS.eu.locations.find((location) => location !== file.location);
    if (other !== undefined) await write(stack, other, file.key, lines);
  }
  if (fault === "wrong-bucket") await write(stack, "us-west-2", file.key, [first]);
}

async function read(stack: Stack, location: ArchiveLocation, key: string): Promise<string[]> {
  const client = s3Client(accessTo(stack, location));
  const object = await client.send(
    new GetObjectCommand({ Bucket: homeBucketName(location), Key: key }),
  );
  const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
  client.destroy();
  return gunzipSync(bytes).toString("utf8").trimEnd().split("\n");
}

async function write(
  stack: Stack,
  location: ArchiveLocation,
  key: string,
  lines: readonly string[],
): Promise<void> {
  const client = s3Client(accessTo(stack, location));
  const Body = gzipSync(`${lines.join("\n")}\n`);
  await client.send(
    new PutObjectCommand({
      Bucket: homeBucketName(location),
      Key: key,
      Body,
      ContentEncoding: "gzip",
    }),
  );
  client.destroy();
}
