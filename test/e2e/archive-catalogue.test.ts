import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { homeBucketName } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { s3Client } from "../support/read-bucket.ts";

const SEGMENT_ID = "VhBYQcAjH5";
const HISTORY_KEY = `segment-logs/${SEGMENT_ID}/1432684800000/1432735200.abc.1.2.3.gz`;
const HISTORY = [
  { type: "track", userId: "u1", messageId: "m1", receivedAt: "2015-05-27T10:00:00.000Z" },
  { type: "track", userId: "u2", messageId: "m2", receivedAt: "2015-05-27T11:00:00.000Z" },
]
  .map((event) => `${JSON.stringify(event)}\n`)
  .join("");

type FileView = { readonly key: string; readonly [member: string]: unknown };

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

async function newSource(): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace("eu"));
}

async function catalogueOf(source: TestSource, query = ""): Promise<readonly FileView[]> {
  const path = `/api/v1/sources/${source.id}/files${query}`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  return body["data"] as readonly FileView[];
}

/** Puts an object as a customer's own tool would, with AWS's client. */
async function putInDublin(key: string, body: Uint8Array): Promise<void> {
  const client = s3Client({
    endpoint: stack.aws.endpoints["eu-west-1"],
    location: "eu-west-1",
    credentials: stack.aws.credentials.eu,
  });
  const Bucket = homeBucketName("eu-west-1");
  await client.send(new PutObjectCommand({ Bucket, Key: key, Body: body }));
  client.destroy();
}

async function rebuildOf(source: TestSource): Promise<Readonly<Record<string, unknown>>> {
  const path = `/api/v1/sources/${source.id}/files/rebuild`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  return body["rebuild"] as Readonly<Record<string, unknown>>;
}

async function rebuild(source: TestSource, options: unknown) {
  const path = `/api/v1/sources/${source.id}/files/rebuild`;
  await homeport.api(source.workspace.token, "POST", path, options);
  await vi.waitFor(async () => expect((await rebuildOf(source))["state"]).not.toBe("running"), {
    timeout: 60_000,
    interval: 100,
  });
  return rebuildOf(source);
}

describe("the archive's catalogue", () => {
  it("lists what lies in the bucket: keys, lines, hashes", async () => {
    const source = await newSource();
    await homeport.settledEvents(source);
    const files = await homeport.files(source);
    const catalogue = await vi.waitFor(async () => {
      const listed = await catalogueOf(source);
      expect(listed).toHaveLength(files.length);
      return listed;
    });

    expect(catalogue.map(({ key, events, ndjsonSha256 }) => [key, events, ndjsonSha256])).toEqual(
      files.map(({ key, lines, text }) => [
        key,
        lines.length,
        createHash("sha256").update(text).digest("hex"),
      ]),
    );
  });

  it("finds nothing new in a bucket that it holds already", async () => {
    const source = await newSource();
    await homeport.settledEvents(source);
    await vi.waitFor(async () => expect(await catalogueOf(source)).not.toEqual([]));

    expect(await rebuild(source, {})).toMatchObject({ state: "done", recorded: 0, read: 0 });
  });

  it("takes in the files that Segment wrote, once their owner has marked them", async () => {
    const source = await newSource();
    await putInDublin(HISTORY_KEY, gzipSync(HISTORY));
    await putInDublin(
      `segment-logs/${SEGMENT_ID}/homeport-source.txt`,
      new TextEncoder().encode(source.id),
    );
    const progress = await rebuild(source, { segmentSourceId: SEGMENT_ID });
    const [file] = await catalogueOf(source, "?from=2015-05-27T10:30:00Z&to=2015-05-28T00:00:00Z");

    expect([progress["state"], progress["recorded"], file]).toMatchObject([
      "done",
      1,
      {
        key: HISTORY_KEY,
        location: "eu-west-1",
        events: 2,
        rawBytes: HISTORY.length,
        firstReceivedAt: "2015-05-27T10:00:00.000Z",
        lastReceivedAt: "2015-05-27T11:00:00.000Z",
        writtenBy: "segment",
      },
    ]);
  });

  it("gives another workspace none of them", async () => {
    const [owner, other] = [await newSource(), await newSource()];
    await putInDublin(HISTORY_KEY, gzipSync(HISTORY));
    await putInDublin(
      `segment-logs/${SEGMENT_ID}/homeport-source.txt`,
      new TextEncoder().encode(owner.id),
    );
    const progress = await rebuild(other, { segmentSourceId: SEGMENT_ID });

    expect([progress["state"], progress["error"], await catalogueOf(other)]).toEqual([
      "failed",
      "unclaimed",
      [],
    ]);
  });
});
