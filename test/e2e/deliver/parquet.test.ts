import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../../scripts/local-aws/start.ts";
import { homeBucket } from "../../../src/archive/home-bucket.ts";
import type { SourceId } from "../../../src/core/ids.ts";
import type { Deliverer, Delivery } from "../../../src/deliver/deliverer.ts";
import { parquetDestination } from "../../../src/deliver/lake/destination.ts";
import { groundOf } from "../../support/deliver/ground.ts";
import { deliveryOf, mixedDeliveries } from "../../support/deliver/mixed-events.ts";
import { readBucket, s3Client, type BucketAccess } from "../../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = homeBucketName(LOCATION);
const NEVER = new AbortController().signal;

let aws: LocalAws;
let access: BucketAccess;
let folder: string;
let duckdb: DuckDBConnection;
let sources = 0;

beforeAll(async () => {
  aws = await startLocalAws();
  access = {
    endpoint: aws.endpoints[LOCATION],
    location: LOCATION,
    credentials: aws.credentials.eu,
  };
  folder = await mkdtemp(join(tmpdir(), "homeport-parquet-"));
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
});

afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true, force: true });
  await aws.stop();
});

/** A source of its own for each test, with a destination that writes its files. */
async function make(): Promise<{ readonly sourceId: SourceId; readonly files: Deliverer }> {
  const sourceId: SourceId = `src_eu_0123456789abcdef000000${1_000 + sources++}`;
  const address = {
    url: `${access.endpoint}/${BUCKET}`,
    location: LOCATION,
    ...access.credentials,
  };
  const buckets = {
    buckets: { [LOCATION]: address },
    environment: "development",
  } as unknown as Parameters<typeof homeBucket>[0];
  const open = () => homeBucket(buckets, sourceId, LOCATION);
  const files = await parquetDestination.make(
    groundOf({}, { sourceId, bucket: { location: LOCATION, open } }),
  );
  return { sourceId, files };
}

/** Downloads the files of a source, for duckdb to read, and says where they are. */
async function download(sourceId: SourceId): Promise<readonly string[]> {
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
}

async function query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

function tableOf(sourceId: SourceId, table: string): string {
  const path = join(folder, "segment-data/data", sourceId, `segment_type=${table}`);
  return `read_parquet('${path}/**/*.parquet', union_by_name = true, hive_partitioning = false)`;
}

function text(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace("Z", "")
    .replace(/\.?0+$/, "");
}

describe("Parquet files", () => {
  it("read back by duckdb equal the events, column for column", async () => {
    const { sourceId, files } = await make();
    const events = mixedDeliveries(0, 5_000);

    const outcomes = await files.deliver(events, NEVER);

    expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
    await download(sourceId);
    const orders = events
      .map(({ event }) => event)
      .filter(({ event }) => event === "Order Completed")
      .map((event) => wantedRow(event));
    expect(
      await query(`SELECT * FROM ${tableOf(sourceId, "order_completed")} ORDER BY received_at`),
    ).toEqual(orders);
  });

  it("hold every event once, in the folder of its table, day and hour", async () => {
    const { sourceId, files } = await make();

    await files.deliver(mixedDeliveries(0, 4_000), NEVER);

    const keys = await download(sourceId);
    expect(new Set(keys.map((key) => key.replace(/\/[0-9a-f]{32}\.parquet$/, "")))).toEqual(
      new Set(
        [
          "identifies",
          "pages",
          "groups",
          "screens",
          "aliases",
          "order_completed",
          "signed_up",
          "_users",
        ].flatMap((table) =>
          ["00", "01"].map((hour) => `segment_type=${table}/day=2026-03-01/hr=${hour}`),
        ),
      ),
    );
    const all = join(folder, "segment-data/data", sourceId, "**/*.parquet");
    expect(
      await query(
        `SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM read_parquet('${all}', union_by_name = true)`,
      ),
    ).toEqual([{ rows: "4000", ids: "4000" }]);
  });

  it("of a batch that is sent again are the same files", async () => {
    const { sourceId, files } = await make();
    const events = mixedDeliveries(0, 100);
    await files.deliver(events, NEVER);
    const before = await download(sourceId);

    const outcomes = await files.deliver(events, NEVER);

    expect(outcomes.filter(({ kind }) => kind !== "delivered")).toEqual([]);
    expect(await download(sourceId)).toEqual(before);
  });

  it("have the narrowest type that holds all values of a column, and null for none", async () => {
    const { sourceId, files } = await make();
    const values = [1, 2.5, null, "x"];
    const events: readonly Delivery[] = values.map((value, i) =>
      deliveryOf({
        type: "track",
        event: "E",
        messageId: String(i),
        receivedAt: "2026-03-01T10:00:00.000Z",
        properties: { whole: i, numbers: i / 2, mixed: value, truth: i > 1 },
      }),
    );

    await files.deliver(events, NEVER);

    await download(sourceId);
    const types = await query(`DESCRIBE SELECT * FROM ${tableOf(sourceId, "e")}`);
    expect(
      Object.fromEntries(types.map((each) => [each["column_name"], each["column_type"]])),
    ).toMatchObject({
      id: "VARCHAR",
      received_at: "TIMESTAMP",
      whole: "BIGINT",
      numbers: "DOUBLE",
      mixed: "VARCHAR",
      truth: "BOOLEAN",
    });
    expect(await query(`SELECT mixed FROM ${tableOf(sourceId, "e")} ORDER BY id`)).toEqual([
      { mixed: "1" },
      { mixed: "2.5" },
      { mixed: null },
      { mixed: "x" },
    ]);
  });

  it("are not made of events without a table or a time", async () => {
    const { sourceId, files } = await make();

    const outcomes = await files.deliver(
      [
        deliveryOf({ type: "delete", messageId: "1" }),
        deliveryOf({ type: "page", messageId: "2" }),
      ],
      NEVER,
    );

    expect(outcomes.map(({ kind }) => kind)).toEqual(["filtered", "filtered"]);
    expect(await download(sourceId)).toEqual([]);
  });
});

/** The row that an Order Completed of {@link mixedDeliveries} has to be, as duckdb shows it. */
function wantedRow(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const time = (field: string): string => text(Date.parse(String(event[field])));
  const { total, orderId, isFirst, at } = event["properties"] as Record<string, unknown>;
  return {
    id: event["messageId"],
    received_at: time("receivedAt"),
    user_id: event["userId"],
    anonymous_id: event["anonymousId"],
    sent_at: time("sentAt"),
    timestamp: time("timestamp"),
    original_timestamp: time("originalTimestamp"),
    context_ip: "192.0.2.1",
    context_library_name: "analytics.js",
    context_library_version: "4.1",
    context_active: true,
    event: "order_completed",
    event_text: "Order Completed",
    total,
    order_id: orderId,
    items: '[{"sku":"a"}]',
    address_city: "Köln",
    is_first: isFirst,
    at: text(Date.parse(String(at))),
  };
}
