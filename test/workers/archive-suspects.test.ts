import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { ArchiveMonth } from "../../durable-objects/archive-month.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { appendOf } from "../support/appends.ts";
import { call, makeServices, makeWorkspace } from "./support/api.ts";
import {
  archive,
  DAY_MS,
  fileOf,
  keyOf,
  month,
  monthStub,
  objects,
  SOURCE_ID,
} from "./support/archive.ts";
import { errorXml, FakeS3 } from "./support/fake-s3.ts";

const DUBLIN = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";
const FRANKFURT = "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1";
/** SUSPECT_SECONDS as it is by default. */
const SUSPECT_MS = 1_200_000;
/** Long after today: an alarm that is set for the past is set for now. */
const NOON = Date.UTC(2126, 10, 22, 12);

let s3: FakeS3;

beforeEach(() => {
  s3 = new FakeS3().install();
  setClock(NOON);
});

function setClock(ms: number): void {
  vi.spyOn(Date, "now").mockReturnValue(ms);
}

/** A file that the catalogue has in Frankfurt and that landed in Dublin as well. */
async function makeCopy(): Promise<void> {
  const { key, ndjsonSha256 } = fileOf(1);
  for (const bucket of [DUBLIN, FRANKFURT]) {
    s3.put(`${bucket}/${key}`, new Uint8Array(1), { "x-amz-meta-ndjson-sha256": ndjsonSha256 });
  }
  await month().record(fileOf(1, { location: "eu-central-1" }));
  await month().suspect([{ key, locations: ["eu-west-1"] }]);
}

function alarmOf(): Promise<number | null> {
  return runInDurableObject(monthStub(), (_object, { storage }) => storage.getAlarm());
}

describe("ArchiveMonth.suspect()", () => {
  it("looks for nothing while a PUT may still land", async () => {
    await makeCopy();
    setClock(NOON + SUSPECT_MS - 1);
    await runDurableObjectAlarm(monthStub());

    expect([s3.requests, (await month().suspects()).open]).toEqual([[], 1]);
  });

  it("removes the second copy afterwards, also when the object died meanwhile", async () => {
    await makeCopy();
    await evictDurableObject(monthStub());
    setClock(NOON + SUSPECT_MS);
    await runDurableObjectAlarm(monthStub());

    expect([[...s3.objects.keys()], await month().suspects()]).toEqual([
      [`${FRANKFURT}/${keyOf(1)}`],
      { open: 0, shown: [] },
    ]);
  });

  it("comes back by itself while the location does not answer", async () => {
    await makeCopy();
    s3.intercept = () => errorXml(503, "SlowDown");
    setClock(NOON + SUSPECT_MS);
    await runDurableObjectAlarm(monthStub());
    const alarm = (await alarmOf()) ?? 0;

    expect(alarm - NOON - SUSPECT_MS).toBeGreaterThan(0);
    expect(alarm - NOON - SUSPECT_MS).toBeLessThanOrEqual(60_000);
    expect(await month().suspects()).toMatchObject({ open: 1, shown: [{ error: "unanswered" }] });
  });

  it("waits anew when more was sent to a place that is suspect already", async () => {
    await makeCopy();
    setClock(NOON + 60_000);
    await month().suspect([{ key: keyOf(1), locations: ["eu-west-1"] }]);

    const [suspect] = (await month().suspects()).shown;
    expect(suspect?.checkAtMs).toBe(NOON + 60_000 + SUSPECT_MS);
  });

  it("leaves out the location where the file stands", async () => {
    await month().record(fileOf(1));
    await month().suspect([{ key: keyOf(1), locations: ["eu-west-1"] }]);

    expect(await month().suspects()).toEqual({ open: 0, shown: [] });
  });

  it.each([
    ["of a key that the catalogue does not hold", keyOf(2), "eu-central-1"],
    ["at a location of the other home", keyOf(1), "us-west-2"],
  ] as const)("refuses a copy %s", async (_what, key, location) => {
    await month().record(fileOf(1));

    const stub = monthStub() as unknown as DurableObjectStub<ArchiveMonth>;
    const refused = await runInDurableObject(stub, async (object) =>
      object.suspect([{ key, locations: [location] }]).then(
        () => "",
        (error: unknown) => String(error),
      ),
    );

    expect(refused).toContain("Cannot suspect a copy");
  });
});

describe("Archive.suspects()", () => {
  it("counts those of all months", async () => {
    const nextMonth = DAY_MS + 30 * 86_400_000;
    const december = objects.archiveMonth(SOURCE_ID, "2026-12");
    await makeCopy();
    await december.record(fileOf(2, { key: keyOf(2, nextMonth) }));
    await december.suspect([{ key: keyOf(2, nextMonth), locations: ["eu-central-1"] }]);

    expect((await archive().suspects()).open).toBe(2);
  });
});

describe("a queue whose first location does not answer", () => {
  it("says where its files go, and where a second copy may stand", async () => {
    const { token } = await makeWorkspace("eu");
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
    const id = made.body.source.id as SourceId;
    const queue = makeServices().queue(id, { ingestRegion: "eu1", shard: 0 });
    s3.intercept = (request) => {
      if (!request.url.startsWith(DUBLIN)) return undefined;
      throw new TypeError("Network connection lost.");
    };
    await queue.append(appendOf(["a"]));
    for (const seconds of [61, 63, 66]) {
      setClock(NOON + seconds * 1000);
      await queue.poke();
    }
    const { body } = await call("GET", `/api/v1/sources/${id}/metrics`, { token });
    const suspects = await call("GET", `/api/v1/sources/${id}/files/suspects`, { token });

    expect(body.queues).toMatchObject([
      {
        waitingEvents: 0,
        alert:
          "archive_failover: files go to eu-central-1, because of eu-west-1: unknown (network)",
        suspects: 1,
      },
    ]);
    expect(suspects.body).toMatchObject({
      open: 1,
      data: [{ location: "eu-west-1", keptAt: "eu-central-1", error: null }],
    });
  });
});
