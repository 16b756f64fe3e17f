import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { s3Client } from "../support/read-bucket.ts";

const BUCKET = "versioned-eu";
const LOCATION = "eu-west-1";
const OWNER = { accessKeyId: "AKIAOWNEROFBUCKETS01", secretAccessKey: "s".repeat(40) };
const OTHER = { accessKeyId: "AKIAWITHOUTVERSIONS1", secretAccessKey: "o".repeat(40) };
const locations = [LOCATION] as const;

let aws: LocalAws;
let owner: S3Client;
let other: S3Client;
let tests = 0;
/** Another one for each test. */
let Key: string;

beforeAll(async () => {
  const actions = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"];
  aws = await startLocalAws({
    buckets: [{ name: BUCKET, location: LOCATION }],
    users: [
      { arn: "owner", ...OWNER, locations, allow: [{ actions: ["s3:*"], bucket: BUCKET }] },
      { arn: "other", ...OTHER, locations, allow: [{ actions, bucket: BUCKET }] },
    ],
  });
  const client = (credentials: typeof OWNER): S3Client =>
    s3Client({ endpoint: aws.endpoints[LOCATION], location: LOCATION, credentials });
  [owner, other] = [client(OWNER), client(OTHER)];
});

afterAll(async () => {
  owner.destroy();
  other.destroy();
  await aws.stop();
});

beforeEach(async () => {
  tests += 1;
  Key = `key ${tests}.gz`;
  await setVersioning("Enabled");
});

async function setVersioning(status: "Enabled" | "Suspended"): Promise<void> {
  const versioning = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
  await aws.setBucket({ name: BUCKET, location: LOCATION, settings: { versioning } });
}

async function put(Body: string): Promise<string | undefined> {
  return (await owner.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))).VersionId;
}

async function get(VersionId?: string): Promise<string | undefined> {
  const named = VersionId === undefined ? {} : { VersionId };
  try {
    const answer = await owner.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...named }));
    return await answer.Body?.transformToString();
  } catch (error) {
    return (error as Error).name;
  }
}

/** Versions of the key and marks, the newest first, as `latest` or not. */
async function versions(): Promise<readonly (readonly [string, boolean])[]> {
  const query = { Bucket: BUCKET, Prefix: Key };
  const { Versions = [], DeleteMarkers = [] } = await owner.send(
    new ListObjectVersionsCommand(query),
  );
  const marks = DeleteMarkers.map(({ IsLatest }) => ["mark", IsLatest === true] as const);
  return [...marks, ...Versions.map((each) => ["object", each.IsLatest === true] as const)];
}

describe("local AWS, a bucket with versioning", () => {
  it("keeps what is written over, and gives it to who names it", async () => {
    const first = await put("one");
    const second = await put("two");

    expect(first).not.toBe(second);
    expect([await get(), await get(first), await get(second)]).toEqual(["two", "one", "two"]);
    expect(await versions()).toEqual([
      ["object", true],
      ["object", false],
    ]);
  });

  it("hides a deleted object behind a mark, and shows it again without the mark", async () => {
    await put("one");
    const query = { Bucket: BUCKET, Key };
    const { DeleteMarker, VersionId } = await owner.send(new DeleteObjectCommand(query));
    const hidden = await get();

    await owner.send(new DeleteObjectCommand({ ...query, VersionId }));

    expect([DeleteMarker, hidden, await get()]).toEqual([true, "NoSuchKey", "one"]);
  });

  it("finds the version before when the newest is removed by its name", async () => {
    await put("one");
    const VersionId = await put("two");

    await owner.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId }));

    expect([await get(), await versions()]).toEqual(["one", [["object", true]]]);
  });

  it("lists versions page by page, also while what was listed is removed", async () => {
    for (let i = 0; i < 5; i++) await put(String(i));
    const seen: (string | undefined)[] = [];
    let marker = {};
    for (let i = 0; i < 3; i++) {
      const page = await owner.send(
        new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: Key, MaxKeys: 2, ...marker }),
      );
      const last = page.Versions?.at(-1);
      marker = { KeyMarker: last?.Key, VersionIdMarker: last?.VersionId };
      for (const { VersionId, IsLatest } of page.Versions ?? []) {
        seen.push(VersionId);
        if (IsLatest === true) continue;
        await owner.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId }));
      }
    }

    expect(new Set(seen).size).toBe(5);
    expect(await versions()).toEqual([["object", true]]);
  });

  it("keeps one version without a name while versioning is suspended", async () => {
    const first = await put("one");
    await setVersioning("Suspended");
    await put("two");
    await put("three");

    expect([await get(), await get(first), await get("null")]).toEqual(["three", "one", "three"]);
    expect(await versions()).toHaveLength(2);
  });

  it("asks for rights of their own to see and to remove versions", async () => {
    const VersionId = await put("one");
    await put("two");
    const Delete = { Objects: [{ Key, VersionId }] };
    const list = other.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: Key }));
    const one = other.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId }));
    const many = other.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete }));

    await expect(list).rejects.toThrow("s3:ListBucketVersions");
    await expect(one).rejects.toThrow("s3:DeleteObjectVersion");
    expect((await many).Errors).toMatchObject([{ Key, Code: "AccessDenied" }]);
    expect(await versions()).toHaveLength(2);
  });
});
