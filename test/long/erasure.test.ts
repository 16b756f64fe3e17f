import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { credentialsAt } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { liveHeapBytesAt, watchLiveHeap } from "../support/heap-watch.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { plantArchive, userIdOf, type PlantedFile } from "../support/planted-archive.ts";
import { s3Client } from "../support/read-bucket.ts";

/** NDJSON of the one file; about 100 MB as gzip, since half of each event is random. */
const RAW_BYTES = Number(process.env["ERASURE_RAW_BYTES"] ?? 400_000_000);
const NOISE = 400;
/** What a deletion may have in use at once, besides what the isolate has anyway. */
const LIVE_BYTES_MAX = 32_000_000;

const LOCATION = "eu-west-1";
const BUCKET = "homeport-eu-west-1";
const SOUGHT = new Set([3, 600, 700, 800, 900]);
const WAIT = { timeout: 900_000, interval: 500 };

let stack: Stack;
let homeport: Homeport;
let source: TestSource;
let client: S3Client;
let planted: PlantedFile;
let before: number;
let most: number;
let certificate: { readonly counts: Readonly<Record<string, number>> };

beforeAll(async () => {
  stack = await startStack({ isInspected: true });
  homeport = openHomeport(stack);
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
  const endpoint = stack.aws.endpoints[LOCATION];
  client = s3Client({ endpoint, location: LOCATION, credentials: credentialsAt(LOCATION) });
  const planting = { users: 1000, files: 1, fileBytes: RAW_BYTES, sought: SOUGHT, noise: NOISE };
  for await (const file of plantArchive(client, { sourceId: source.id, ...planting }))
    planted = file;
  await rebuild();
  const inspector = await stack.inspectorUrl();
  before = await liveHeapBytesAt(inspector);
  const watch = watchLiveHeap(inspector);
  certificate = await erase();
  most = await watch.stop();
  console.log("file", { gzipBytes: planted.gzipBytes, rawBytes: planted.rawBytes });
  console.log("in use, without garbage", { before, most });
});

afterAll(async () => {
  client.destroy();
  // It does not resolve while an inspector was used.
  void stack.stop();
});

async function rebuild(): Promise<void> {
  const path = `/api/v1/sources/${source.id}/files/rebuild`;
  await homeport.api(source.workspace.token, "POST", path, {});
  await vi.waitFor(async () => {
    const { body } = await homeport.api(source.workspace.token, "GET", path);
    expect(body["rebuild"]).toMatchObject({ state: "done" });
  }, WAIT);
}

async function erase(): Promise<typeof certificate> {
  const { token } = source.workspace;
  const made = await homeport.api(token, "POST", "/api/v1/regulations", {
    regulationType: "DELETE_INTERNAL",
    subjectType: "USER_ID",
    subjectIds: [...SOUGHT].map(userIdOf),
  });
  return vi.waitFor(async () => {
    const path = `/api/v1/regulations/${String(made.body["id"])}`;
    const { body } = await homeport.api(token, "GET", path);
    expect(body["status"]).toBe("FINISHED");
    return JSON.parse(String(body["certificate"])) as typeof certificate;
  }, WAIT);
}

async function hashOfFile(): Promise<string> {
  const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: planted.key }));
  const hash = createHash("sha256");
  await pipeline(object.Body as Readable, createGunzip(), hash);
  return hash.digest("hex");
}

describe("a deletion from one file of 100 MB", () => {
  it("leaves every other line as it was, byte by byte", async () => {
    expect(await hashOfFile()).toBe(planted.othersSha256);
  });

  it("counts every event that it left out", () => {
    expect(certificate.counts["eventsErased"]).toBe(planted.sought);
  });

  it("has little of it in use at once", () => {
    expect(most - before).toBeLessThan(LIVE_BYTES_MAX);
  });
});
