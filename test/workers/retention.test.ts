import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { formatKey, monthOf } from "../../src/archive/key.ts";
import { buildUserFilter } from "../../src/archive/user-filter.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);
const BUCKETS: Partial<Record<ArchiveLocation, string>> = {
  "eu-west-1": "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1",
  "eu-central-1": "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1",
};

const services = makeServices();
let s3: FakeS3;
let token: string;
let sourceId: SourceId;

beforeEach(async () => {
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS);
  s3 = new FakeS3().install();
  ({ token } = await makeWorkspace("eu"));
  const made = await call("POST", "/api/v1/sources", {
    token,
    body: { name: "web", retentionDays: 7 },
  });
  sourceId = made.body.source.id as SourceId;
});

/** A file whose only event was received that many days before today's midnight. */
async function addFile(daysAgo: number, copyAt?: ArchiveLocation): Promise<string> {
  const dayMs = Date.UTC(2026, 10, 22) - daysAgo * DAY_MS;
  const name = { sourceId, dayMs, ingestRegion: "eu1", shard: 0, incarnation: "abcd" } as const;
  const key = formatKey({ ...name, firstSeq: 1, lastSeq: 1 });
  const month = services.archiveMonth(sourceId, monthOf(dayMs));
  await month.record({
    sourceId,
    key,
    location: "eu-west-1",
    events: 1,
    rawBytes: 100,
    gzipBytes: 50,
    ndjsonSha256: "ab".repeat(32),
    firstReceivedAtMs: dayMs,
    lastReceivedAtMs: dayMs,
    writtenBy: "homeport",
    userFilter: buildUserFilter(new Uint8Array(8)),
  });
  s3.put(`${BUCKETS["eu-west-1"]}/${key}`, new Uint8Array([1]));
  if (copyAt !== undefined) {
    await month.suspect([{ key, locations: [copyAt] }]);
    s3.put(`${BUCKETS[copyAt]}/${key}`, new Uint8Array([1]));
  }
  return key;
}

/** Lets the day pass, and the archive, which cron pokes, find its sweep due. */
async function sweep(): Promise<Record<string, unknown>> {
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + DAY_MS);
  await services.archive(sourceId).poke();
  const stub = locate(ENV.ARCHIVE, { kind: "archive", sourceId }, CONFIG.jurisdictions);
  await runDurableObjectAlarm(stub);
  const { body } = await call("GET", `/api/v1/sources/${sourceId}/retention`, { token });
  return body.retention as Record<string, unknown>;
}

function keysLeft(): readonly string[] {
  return [...s3.objects.keys()]
    .filter((url) => url.includes("/segment-logs/"))
    .map((url) => url.slice(url.indexOf("segment-logs/")));
}

describe("retention", () => {
  it("removes files that are older than the source's retention, and no others", async () => {
    await addFile(40);
    await addFile(7);
    const kept = [await addFile(6), await addFile(0)];
    await sweep();

    expect(keysLeft()).toEqual(kept);
  });

  it("takes them out of the catalogue", async () => {
    const old = await addFile(40);
    await sweep();

    const month = services.archiveMonth(sourceId, "2026-10");
    expect([await month.find(old), (await month.matching(new Uint8Array(8))).examined]).toEqual([
      undefined,
      0,
    ]);
  });

  it("removes a second copy too, and what was noted of it", async () => {
    await addFile(40, "eu-central-1");
    await sweep();

    expect([keysLeft(), (await services.archive(sourceId).suspects()).open]).toEqual([[], 0]);
  });

  it("shows what it did", async () => {
    await addFile(40);

    expect(await sweep()).toMatchObject({
      state: "done",
      days: 7,
      before: "2026-11-16T00:00:00.000Z",
      files: 1,
      events: 1,
      bytes: 50,
    });
  });

  it("stands in the audit chain", async () => {
    await addFile(40);
    const { id } = await sweep();

    const { body } = await call("GET", "/api/v1/audit", { token });
    expect(body.data.at(-1)).toMatchObject({
      action: "retention.sweep",
      subject: id,
      fields: [sourceId, "files:1", "events:1", "before:2026-11-16"],
    });
  });

  it("waits for a deletion of the same source, and says so", async () => {
    await addFile(40);
    const deletion = { id: "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa", kind: "deletion" } as const;
    await services.archive(sourceId).enterJob(deletion);

    expect(await sweep()).toMatchObject({ state: "running", files: 0, waitsFor: deletion });
  });

  it("keeps what its owner wants kept since it was begun, and waited", async () => {
    const kept = await addFile(40);
    const deletion = { id: "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa", kind: "deletion" } as const;
    await services.archive(sourceId).enterJob(deletion);
    await sweep();
    await call("PATCH", `/api/v1/sources/${sourceId}`, { token, body: { retentionDays: 365 } });
    await services.archive(sourceId).leaveJob(deletion.id);

    expect([await sweep(), keysLeft()]).toMatchObject([{ state: "done", files: 0 }, [kept]]);
  });

  it("goes by the retention of the day on which it runs", async () => {
    const kept = await addFile(40);
    await call("PATCH", `/api/v1/sources/${sourceId}`, {
      token,
      body: { retentionDays: "unlimited" },
    });
    await sweep();

    expect(keysLeft()).toEqual([kept]);
  });
});

describe("GET /api/v1/sources/:id/jobs", () => {
  it("lists the job that has its turn and those that wait", async () => {
    const archive = services.archive(sourceId);
    await archive.enterJob({ id: "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa", kind: "deletion" });
    await archive.enterJob({ id: "rpl_eu_bcjfgb5z16mzdcx9bbbbbbbbbb", kind: "replay" });

    const { body } = await call("GET", `/api/v1/sources/${sourceId}/jobs`, { token });

    expect(body.data).toMatchObject([
      { kind: "deletion", state: "running", waitsFor: null },
      { kind: "replay", state: "waiting", waitsFor: { kind: "deletion" } },
    ]);
  });
});
