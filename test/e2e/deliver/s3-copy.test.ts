import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../../scripts/local-aws/start.ts";
import type { Deliverer } from "../../../src/deliver/deliverer.ts";
import { s3CopyDestination } from "../../../src/deliver/s3-copy.ts";
import { groundOf } from "../../support/deliver/ground.ts";
import { deliveryOf, mixedDeliveries } from "../../support/deliver/mixed-events.ts";
import { readBucket, s3Client, type BucketAccess } from "../../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = homeBucketName(LOCATION);
const NEVER = new AbortController().signal;

let aws: LocalAws;
let access: BucketAccess;

beforeAll(async () => {
  aws = await startLocalAws();
  access = {
    endpoint: aws.endpoints[LOCATION],
    location: LOCATION,
    credentials: aws.credentials.eu,
  };
});

afterAll(() => aws.stop());

function make(settings: Readonly<Record<string, unknown>>): Promise<Deliverer> {
  const bucketUrl = `${access.endpoint}/${BUCKET}`;
  return s3CopyDestination.make(groundOf({ bucketUrl, ...access.credentials, ...settings }));
}

describe("an S3 copy", () => {
  it("has every event as the archive has it, in a folder for its day", async () => {
    const copy = await make({ prefix: "copies/web" });
    const line = '{"messageId":"exact","receivedAt":"2026-03-02T00:00:00.000Z","n":1.0}';
    const exact = { ...deliveryOf(JSON.parse(line) as Record<string, unknown>), line };
    const events = mixedDeliveries(0, 100);

    const outcomes = await copy.deliver([...events, exact], NEVER);

    expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
    const files = await readBucket(access, BUCKET, "copies/web/segment-logs/");
    expect(files.map(({ key }) => key.replace(/[0-9a-f]{32}/, "NAME"))).toEqual([
      "copies/web/segment-logs/src_eu_0123456789abcdefabcdefghjk/1772323200000/NAME.gz",
      "copies/web/segment-logs/src_eu_0123456789abcdefabcdefghjk/1772409600000/NAME.gz",
    ]);
    expect(files[0]?.lines).toEqual(events.map(({ event }) => event));
    expect(files[1]?.text).toBe(`${line}\n`);
  });

  it("is gzip that says of itself what it is, as Segment's files do", async () => {
    await (await make({ prefix: "headers" })).deliver(mixedDeliveries(0, 1), NEVER);

    const [file] = await readBucket(access, BUCKET, "headers/");
    const head = await s3Client(access).send(
      new HeadObjectCommand({ Bucket: BUCKET, Key: file?.key ?? "" }),
    );
    expect([head.ContentType, head.ContentEncoding]).toEqual(["text/plain", "gzip"]);
  });

  it("of a batch that is sent again is the same file", async () => {
    const copy = await make({ prefix: "again" });

    await copy.deliver(mixedDeliveries(0, 10), NEVER);
    const outcomes = await copy.deliver(mixedDeliveries(0, 10), NEVER);

    expect(outcomes[0]).toEqual({ kind: "delivered", status: 200 });
    expect(await readBucket(access, BUCKET, "again/")).toHaveLength(1);
  });

  it("is tried again while the bucket refuses the key", async () => {
    const copy = await make({ secretAccessKey: "x".repeat(40) });

    expect(await copy.deliver(mixedDeliveries(0, 1), NEVER)).toEqual([
      { kind: "retry", code: "INVALID_SETTINGS" },
    ]);
  });

  it.each([
    "https://s3.us-west-2.amazonaws.com/my-bucket",
    "https://s3.amazonaws.com/my-bucket",
    "https://my-bucket.s3.eu-west-1.amazonaws.com/",
    "https://s3.eu-west-1.example.com/my-bucket",
    "http://s3.eu-west-1.amazonaws.com/my-bucket",
    "https://00000000000000000000000000000000.us.r2.cloudflarestorage.com/my-bucket",
    "https://s3.eu-west-1.amazonaws.com/point-s3alias",
    "nonsense",
  ])("is refused for a bucket that does not show the region: %s", async (bucketUrl) => {
    await expect(make({ bucketUrl })).rejects.toThrow(
      "Cannot make the destination s3-copy: bucketUrl is no bucket whose endpoint shows",
    );
  });

  it.each(["/x", "x/", "a//b", "../x y", "a/b/c/d/e/f"])(
    "is refused for the prefix %j",
    async (prefix) => {
      await expect(make({ prefix })).rejects.toThrow("prefix is no path of folders");
    },
  );
});

describe("erase()", () => {
  const slice = {
    position: undefined,
    isOver: () => false,
    now: () => Date.now(),
    lateMs: 0,
  } as const;

  it("leaves no line of the user in any copy, and every other line byte by byte", async () => {
    const copy = await make({ prefix: "erased" });
    const lines = ["u1", "u11", "x", "\\u0075\\u0031"].map(
      (id, i) =>
        `{"userId":"${id}","messageId":"m${i}","receivedAt":"2026-03-02T00:00:00.000Z","n":1.0}`,
    );
    const deliveries = lines.map((line) => ({
      ...deliveryOf(JSON.parse(line) as Record<string, unknown>),
      line,
    }));
    await copy.deliver(deliveries, NEVER);

    const answer = await copy.erase?.({ type: "USER_ID", ids: new Set(["u1"]) }, slice);

    const [file] = await readBucket(access, BUCKET, "erased/");
    expect(answer).toMatchObject({ isOver: true, counts: { eventsErased: 2 } });
    expect(file?.text).toBe(`${lines[1]}\n${lines[2]}\n`);
  });

  it("says that the key may not read the copies", async () => {
    const copy = await make({ secretAccessKey: "x".repeat(40) });

    expect(await copy.erase?.({ type: "USER_ID", ids: new Set(["u1"]) }, slice)).toMatchObject({
      kind: "refused",
      code: "403",
    });
  });
});
