import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bucketRules } from "../../src/egress/region-hosts.ts";
import { Bucket } from "../../src/s3/bucket.ts";
import { HOME_CREDENTIALS, homeBucketName } from "../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../scripts/local-aws/start.ts";
import { startRadosgw } from "../support/radosgw/aws.ts";
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

  function open(hasBareIfMatch: boolean): Bucket {
    const url = `${s3.endpoints["eu-west-1"]}/${homeBucketName("eu-west-1")}`;
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
