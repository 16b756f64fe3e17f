import { gzipSync } from "node:zlib";
import { PutBucketVersioningCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bucketRules } from "../../src/egress/region-hosts.ts";
import { Bucket } from "../../src/s3/bucket.ts";
import { HOME_CREDENTIALS, homeBucketName } from "../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../scripts/local-aws/start.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { everyVersion } from "../support/erased/every-version.ts";
import { startRadosgw } from "../support/radosgw/aws.ts";
import { s3Client } from "../support/read-bucket.ts";
import { hasRadosgw } from "../support/radosgw/cluster.ts";

const BYTES = new TextEncoder().encode("line\n");
const TEXT = { contentType: "text/plain", meta: { "ndjson-sha256": "aa" } };
const OTHER_ETAG = '"d41d8cd98f00b204e9800998ecf8427e"';

if (!hasRadosgw()) {
  console.warn(
    "SKIPPED: radosgw is not installed (Debian: radosgw ceph-mon ceph-osd ceph-mgr), so the archive's suites run against the local AWS only.",
  );
}

describe.skipIf(!hasRadosgw())("Bucket at Ceph's gateway", () => {
  let s3: LocalAws;
  let bucket: Bucket;
  let made = 0;

  beforeAll(async () => {
    s3 = await startRadosgw();
    bucket = open(true);
  });

  afterAll(() => s3.stop());

  function open(hasBareIfMatch: boolean, at: ArchiveLocation = "eu-west-1"): Bucket {
    const url = `${s3.endpoints[at]}/${homeBucketName(at)}`;
    const address = { url, location: "default", hasBareIfMatch, ...HOME_CREDENTIALS.eu };
    const rules = bucketRules("eu", url, true);
    return new Bucket(address, { region: "eu", purpose: "archive", rules, development: true });
  }

  /** A new object's key and its ETag. */
  async function put(): Promise<{ readonly key: string; readonly etag: string }> {
    made += 1;
    const key = `segment-logs/contract/${made} ü+&.gz`;
    const written = await bucket.putNew(key, BYTES, TEXT);
    if (!written.ok) throw new Error(`Cannot put: ${JSON.stringify(written.error)}`);
    return { key, etag: written.value.etag };
  }

  it("writes an object once", async () => {
    const { key } = await put();

    const again = await bucket.putNew(key, BYTES, TEXT);

    expect(again).toEqual({ ok: false, error: { kind: "already-exists" } });
  });

  it("writes over what it read, and over nothing else", async () => {
    const { key, etag } = await put();

    const other = await bucket.replace(key, BYTES, OTHER_ETAG, TEXT);
    const same = await bucket.replace(key, BYTES, etag, TEXT);

    expect([other, same.ok]).toEqual([{ ok: false, error: { kind: "changed" } }, true]);
  });

  it("would write over nothing at all with the ETag's quotes, which AWS wants", async () => {
    const { key, etag } = await put();

    expect((await open(false).replace(key, BYTES, etag, TEXT)).ok).toBe(false);
  });

  it("hands out the bytes of a gzip that it keeps with its encoding", async () => {
    const gzip = new Uint8Array(gzipSync(BYTES));
    const key = "segment-logs/contract/encoded.gz";
    await bucket.putNew(key, gzip, { ...TEXT, contentEncoding: "gzip" });

    const object = await bucket.get(key, { isAsStored: true });

    const read = object.ok ? await new Response(object.value.body).arrayBuffer() : undefined;
    expect(read && new Uint8Array(read)).toEqual(gzip);
  });

  it("lists and reads back what was written, with its metadata", async () => {
    const { key } = await put();

    const listed = await bucket.list(key, { max: 10 });
    const head = await bucket.head(key);

    expect(listed.ok && listed.value.entries.map((entry) => entry.key)).toEqual([key]);
    expect(head.ok && [head.value.size, head.value.meta.get("ndjson-sha256")]).toEqual([
      BYTES.byteLength,
      "aa",
    ]);
  });

  it("removes many at once", async () => {
    const { key } = await put();
    const { key: other } = await put();

    const removed = await bucket.removeMany([key, other, "segment-logs/never-there"]);

    expect(removed).toMatchObject({ ok: true, value: { refused: new Map() } });
    expect(await bucket.head(key)).toEqual({ ok: false, error: { kind: "not-found" } });
  });

  describe("that keeps versions", () => {
    const Bucket = homeBucketName("eu-central-1");
    const KEY = "segment-logs/versions/1.gz";
    let client: S3Client;
    let versioned: Bucket;

    beforeAll(async () => {
      const endpoint = s3.endpoints["eu-central-1"];
      client = s3Client({ endpoint, location: "us-east-1", credentials: HOME_CREDENTIALS.eu });
      versioned = open(true, "eu-central-1");
      await versioned.putNew(KEY, BYTES, TEXT);
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    });

    afterAll(() => client.destroy());

    async function kept(): Promise<readonly boolean[]> {
      const found: boolean[] = [];
      for await (const { isLatest } of everyVersion(client, Bucket, KEY)) found.push(isLatest);
      return found;
    }

    it("says which version an object is, and loses the others", async () => {
      // It keeps to no condition there, so this writes a second version.
      await versioned.putNew(KEY, BYTES, TEXT);
      const head = await versioned.head(KEY);
      const before = await kept();

      const removed = await versioned.removeOlder(KEY);

      expect([head.ok && typeof head.value.versionId, before]).toEqual(["string", [true, false]]);
      expect([removed.ok, await kept()]).toEqual([true, [true]]);
    });

    it("writes over nothing, so that a verification there fails", async () => {
      const head = await versioned.head(KEY);
      const etag = head.ok ? head.value.etag : "";

      const replaced = await versioned.replace(KEY, BYTES, etag, TEXT);

      expect(replaced).toEqual({ ok: false, error: { kind: "changed" } });
    });

    it("loses a removed object with its versions and marks", async () => {
      const removed = await versioned.remove(KEY);

      expect(removed.ok).toBe(true);
      expect([await kept(), await versioned.head(KEY)]).toEqual([
        [],
        { ok: false, error: { kind: "not-found" } },
      ]);
    });
  });

  it("says of no object which version it is, as it keeps none", async () => {
    const { key, etag } = await put();

    const written = await bucket.replace(key, BYTES, etag, TEXT);
    const head = await bucket.head(key);

    expect([written.ok && written.value.versionId, head.ok && head.value.versionId]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("is not found at the other region's gateway, whose users are others", async () => {
    const url = `${s3.endpoints["us-west-2"]}/${homeBucketName("eu-west-1")}`;
    const rules = bucketRules("eu", url, true);
    const elsewhere = new Bucket(
      { url, location: "default", ...HOME_CREDENTIALS.eu },
      { region: "eu", purpose: "archive", rules, development: true },
    );

    const listed = await elsewhere.list("", { max: 1 });

    expect(listed).toMatchObject({ ok: false, error: { kind: "refused" } });
  });
});
