import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { RebuildProgress } from "../../src/archive/rebuild.ts";
import { sipKey } from "../../src/core/siphash.ts";
import { hashUserId } from "../../src/ingest/event-hashes.ts";
import { USER_HASH_BYTES } from "../../src/ingest/append.ts";
import {
  archive,
  archiveStub,
  DAY_MS,
  fileOf,
  keyOf,
  month,
  SOURCE_ID,
} from "./support/archive.ts";
import { errorXml, FakeS3, gzip } from "./support/fake-s3.ts";

const DUBLIN = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";
const FRANKFURT = "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1";
const START = { fingerprintKey: "000102030405060708090a0b0c0d0e0f" };
const LINE = `{"type":"track","userId":"u1","receivedAt":"2026-11-22T01:00:00.000Z"}\n`;

let s3: FakeS3;

beforeEach(() => {
  s3 = new FakeS3().install();
});

function userHash(text: string): Uint8Array {
  const hash = new Uint8Array(USER_HASH_BYTES);
  hashUserId(sipKey(START.fingerprintKey), text, hash);
  return hash;
}

/** Runs one slice after another, without waiting for their time, until the rebuild is over. */
async function finish(): Promise<RebuildProgress | undefined> {
  let progress = await archive().rebuild();
  while (progress?.state === "running") {
    await runDurableObjectAlarm(archiveStub());
    progress = await archive().rebuild();
  }
  return progress;
}

describe("Archive.openMonth()", () => {
  it("keeps months once, oldest first, also after an eviction", async () => {
    for (const opened of ["2026-11", "2025-12", "2026-11"]) await archive().openMonth(opened);
    await evictDurableObject(archiveStub());

    expect(await archive().months()).toEqual(["2025-12", "2026-11"]);
  });
});

describe("a rebuild", () => {
  it("records the files of all locations of the home", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    s3.put(`${FRANKFURT}/${keyOf(2)}`, await gzip(LINE));
    await archive().startRebuild(START);
    await finish();

    const { files } = await month().list({ max: 10 });
    expect(files.map((file) => [file.key, file.location, file.events])).toEqual([
      [keyOf(1), "eu-west-1", 1],
      [keyOf(2), "eu-central-1", 1],
    ]);
  });

  it("tells what it did, and forgets the key it was given", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    s3.put(`${DUBLIN}/segment-logs/${SOURCE_ID}/readme.txt`, await gzip("not an archive file"));
    await archive().startRebuild(START);
    const progress = await finish();
    const stored = await runInDurableObject(archiveStub(), (_object, { storage }) =>
      JSON.stringify(storage.sql.exec("SELECT job FROM jobs").toArray()),
    );

    expect(progress).toMatchObject({
      state: "done",
      listed: 2,
      read: 1,
      recorded: 1,
      skipped: 1,
      unreadable: 0,
      bytes: LINE.length,
    });
    expect(stored).not.toContain(START.fingerprintKey);
  });

  it("reads no file that the catalogue holds", async () => {
    await month().record(fileOf(1));
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    await archive().startRebuild(START);
    const progress = await finish();

    expect([progress?.read, s3.requests.filter((request) => request.includes(keyOf(1)))]).toEqual([
      0,
      [],
    ]);
  });

  it("takes the same key in a second location for no second file", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    s3.put(`${FRANKFURT}/${keyOf(1)}`, await gzip(LINE));
    await archive().startRebuild(START);
    await finish();

    const { files } = await month().list({ max: 10 });
    expect(files.map((file) => file.location)).toEqual(["eu-west-1"]);
  });

  it("makes filters that a deletion finds the user by", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    await archive().startRebuild(START);
    await finish();
    const found = await month().matching(userHash("u1"));
    const stranger = await month().matching(userHash("u2"));

    expect([found.files.length, stranger.files.length]).toEqual([1, 0]);
  });

  it("knows a user by a number that JavaScript cannot hold", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(`{"userId":12345678901234567890}\n`));
    await archive().startRebuild(START);
    await finish();
    const found = await month().matching(userHash("12345678901234567890"));

    expect(found.files).toHaveLength(1);
  });

  it("goes on after an eviction where it was, and reads nothing twice", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    s3.put(`${DUBLIN}/${keyOf(2)}`, await gzip(LINE));
    s3.intercept = ({ url }) => (url.includes(keyOf(2)) ? errorXml(503, "SlowDown") : undefined);
    await archive().startRebuild(START);
    await runDurableObjectAlarm(archiveStub());
    await evictDurableObject(archiveStub());
    s3.intercept = () => undefined;
    const progress = await finish();
    const reads = s3.requests.filter((request) => request === `GET ${DUBLIN}/${keyOf(1)}`);

    expect([progress?.state, progress?.recorded, reads.length]).toEqual(["done", 2, 1]);
  });

  it("waits while a bucket cannot answer, and says what for", async () => {
    s3.intercept = () => errorXml(503, "SlowDown");
    await archive().startRebuild(START);
    await runDurableObjectAlarm(archiveStub());

    expect(await archive().rebuild()).toMatchObject({ state: "running", error: "SlowDown" });
  });

  it("fails when a bucket refuses, with the bucket's word", async () => {
    s3.intercept = () => errorXml(403, "AccessDenied");
    await archive().startRebuild(START);
    const progress = await finish();

    expect([progress?.state, progress?.error]).toEqual(["failed", "AccessDenied"]);
  });

  it.each([
    ["not-gzip", Uint8Array.of(0x1f, 0x8b, 1, 2, 3), {}],
    ["hash-mismatch", new TextEncoder().encode(LINE), { "x-amz-meta-ndjson-sha256": "00" }],
  ])("lists a file as unreadable: %s", async (why, bytes, headers) => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, bytes, headers);
    await archive().startRebuild(START);
    const progress = await finish();

    expect([progress?.recorded, progress?.unreadableFiles]).toEqual([
      0,
      [{ key: keyOf(1), location: "eu-west-1", why }],
    ]);
  });

  it("answers the one that runs when it is started twice", async () => {
    const [one, two] = await Promise.all([
      archive().startRebuild(START),
      archive().startRebuild(START),
    ]);

    expect(one.ok && one.value.id).toBe(two.ok && two.value.id);
  });

  it("refuses a second one of other files while it runs", async () => {
    await archive().startRebuild(START);
    const second = await archive().startRebuild({ ...START, segmentSourceId: "VhBYQcAjH5" });

    expect(second).toMatchObject({ ok: false, error: { kind: "busy" } });
  });

  it("stays in the region: every request goes to a bucket of the home", async () => {
    s3.put(`${DUBLIN}/${keyOf(1)}`, await gzip(LINE));
    await archive().startRebuild(START);
    await finish();
    const outside = s3.requests.filter(
      (request) => !request.includes(DUBLIN) && !request.includes(FRANKFURT),
    );

    expect([outside, s3.requests.length > 0]).toEqual([[], true]);
  });
});

describe("a rebuild from files that Segment wrote", () => {
  const ID = "VhBYQcAjH5";
  const KEY = `segment-logs/${ID}/${DAY_MS}/1432735200.a.1.2.gz`;
  const MARKER = `segment-logs/${ID}/homeport-source.txt`;

  it("records them, several gzip members and all", async () => {
    const [one, two] = await Promise.all([gzip(LINE), gzip(LINE)]);
    const bytes = new Uint8Array(one.byteLength + two.byteLength);
    bytes.set(one);
    bytes.set(two, one.byteLength);
    s3.put(`${DUBLIN}/${KEY}`, bytes);
    s3.put(`${DUBLIN}/${MARKER}`, new TextEncoder().encode(`${SOURCE_ID}\n`));
    await archive().startRebuild({ ...START, segmentSourceId: ID });
    await finish();

    expect(await month().find(KEY)).toMatchObject({ events: 2, writtenBy: "segment" });
  });

  it.each([
    ["no marker", undefined],
    ["another source's marker", "src_eu_1123456789abcdefghjkmnpqrs"],
  ])("reads none of them with %s", async (_what, owner) => {
    s3.put(`${DUBLIN}/${KEY}`, await gzip(LINE));
    if (owner !== undefined) s3.put(`${DUBLIN}/${MARKER}`, new TextEncoder().encode(owner));
    await archive().startRebuild({ ...START, segmentSourceId: ID });
    const progress = await finish();

    expect([progress?.state, progress?.error, await archive().months()]).toEqual([
      "failed",
      "unclaimed",
      [],
    ]);
  });

  it.each(["src_eu_1123456789abcdefghjkmnpqrs", SOURCE_ID, "../x", "a/b"])(
    "refuses %s as Segment's id",
    async (segmentSourceId) => {
      const started = await archive().startRebuild({ ...START, segmentSourceId });

      expect(started).toEqual({ ok: false, error: { kind: "invalid-segment-source-id" } });
    },
  );
});
