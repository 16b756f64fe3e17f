import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";

import { reach } from "../../../durable-objects/reach.ts";
import { formatKey } from "../../../src/archive/key.ts";
import { buildUserFilter } from "../../../src/archive/user-filter.ts";
import type { DestinationId, SourceId } from "../../../src/core/ids.ts";
import { locate } from "../../../src/region/placement.ts";
import type { ObjectName } from "../../../src/region/object-names.ts";
import type { ReplayId } from "../../../src/replay/replay.ts";
import { appendOf } from "../../support/appends.ts";
import { call, CONFIG, ENV, makeWorkspace } from "./api.ts";
import type { FakeS3 } from "./fake-s3.ts";

const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;
const MONTH = "2026-11";
const DAY_MS = Date.UTC(2026, 10, 22);

/** The platform's bucket at a location, as the tests' settings name it. */
export function homeBucketUrl(location: "eu-west-1" | "eu-central-1"): string {
  return `https://s3.${location}.amazonaws.com/homeport-${location}`;
}

/** A workspace with a source that has something in every kind of object. */
export type Leaver = Awaited<ReturnType<typeof makeLeaver>>;

export async function makeLeaver() {
  const { id: workspaceId, token } = await makeWorkspace("eu");
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  const sourceId = made.body.source.id as SourceId;
  const objects = reach(ENV, CONFIG);
  const append = (messageId: string) =>
    objects.queue(sourceId, EU1_0).append(appendOf([messageId], { receivedAtMs: Date.now() }));
  const destinationId = await addDestination(token, sourceId);
  await append("a");
  const lane: ObjectName = { kind: "lane", destinationId, sourceId, ...EU1_0 };
  await runInDurableObject(stubOf(lane), (_, { storage }) => {
    storage.sql.exec("INSERT INTO waiting VALUES (1, 9e12, 1, 2, x'0a0b')");
  });
  const fileUrl = (name: string) => `${homeBucketUrl("eu-west-1")}/${keyOf(sourceId, name)}`;
  await recordFile(sourceId);
  const replayId = await addReplay(token, sourceId, destinationId);
  const names: readonly ObjectName[] = [
    { kind: "queue", sourceId, ...EU1_0 },
    lane,
    { kind: "archive", sourceId },
    { kind: "archive-month", sourceId, month: MONTH },
    { kind: "replay", replayId },
  ];
  const workspaceStub = () => stubOf({ kind: "workspace", workspaceId });
  return {
    workspaceId,
    token,
    sourceId,
    sourcePath: `/api/v1/sources/${sourceId}`,
    leavingPath: `/api/v1/sources/${sourceId}/leaving`,
    append,
    fileUrl,
    workspaceStub,
    /** Puts the catalogued file, and dead letters at the other location, into the buckets. */
    fill(s3: FakeS3): void {
      s3.put(fileUrl("aaaa"), new Uint8Array([1, 2]));
      const key = `segment-logs/${sourceId}/dead-letters/${destinationId}/0/b.gz`;
      s3.put(`${homeBucketUrl("eu-central-1")}/${key}`, new Uint8Array([3]));
      const sync = `${workspaceId.replace("ws_", "syn_")}0123456789`;
      s3.put(`${homeBucketUrl("eu-west-1")}/homeport-syncs/${sync}/1/a.gz`, new Uint8Array([4]));
    },
    filesIn: (s3: FakeS3) => [...s3.objects.keys()].filter((url) => url.includes(sourceId)),
    /** Kinds of objects of the source that hold anything of it. */
    async keptIn(): Promise<readonly string[]> {
      const kept: string[] = [];
      for (const name of names) if (await holdsRows(name)) kept.push(name.kind);
      return kept;
    },
    /** As a kill between the certificate and the emptying leaves it. */
    async certifyWithoutEmptying(): Promise<void> {
      await runDurableObjectAlarm(workspaceStub());
      const certificate = "{}";
      await runInDurableObject(workspaceStub(), (_, { storage }) => {
        storage.sql.exec(
          "UPDATE leavings SET certificate = ? WHERE subject = ?",
          certificate,
          workspaceId,
        );
      });
      const departure = { id: workspaceId, departedAtMs: Date.now(), certificate };
      await objects.directoryAdmin("eu").forget(departure);
    },
  };
}

/** Tables that an object makes rows in when it begins, whatever it is asked. */
const BEGUN: readonly string[] = ["applied_migrations", "segments", "evidence", "sqlite_sequence"];

/** Whether the object holds any row but those that every object begins with. */
async function holdsRows(name: ObjectName): Promise<boolean> {
  return runInDurableObject(stubOf(name), (_, { storage }) => {
    const query = "SELECT name FROM sqlite_master WHERE type = 'table'";
    const tables = storage.sql.exec<{ name: string }>(query).toArray();
    return tables.some(
      (table) =>
        !BEGUN.includes(table.name) &&
        (table.name !== "state" || name.kind === "replay") &&
        !table.name.startsWith("_cf_") &&
        storage.sql.exec(`SELECT 1 FROM ${table.name} LIMIT 1`).toArray().length > 0,
    );
  });
}

function stubOf(name: ObjectName) {
  const namespaces = {
    workspace: ENV.WORKSPACE,
    directory: ENV.REGION_DIRECTORY,
    queue: ENV.INGEST_QUEUE,
    lane: ENV.DELIVERY_LANE,
    archive: ENV.ARCHIVE,
    "archive-month": ENV.ARCHIVE_MONTH,
    replay: ENV.REPLAY,
  } as Readonly<Record<string, DurableObjectNamespace>>;
  const namespace = namespaces[name.kind];
  if (namespace === undefined) throw new Error(`Cannot test: no binding of ${name.kind}`);
  return locate(namespace, name, CONFIG.jurisdictions);
}

function keyOf(sourceId: SourceId, incarnation: string): string {
  const name = { sourceId, dayMs: DAY_MS, ingestRegion: "eu1", shard: 0, incarnation } as const;
  return formatKey({ ...name, firstSeq: 1, lastSeq: 1 });
}

async function recordFile(sourceId: SourceId): Promise<void> {
  await reach(ENV, CONFIG)
    .archiveMonth(sourceId, MONTH)
    .record({
      sourceId,
      key: keyOf(sourceId, "aaaa"),
      location: "eu-west-1",
      events: 1,
      rawBytes: 100,
      gzipBytes: 2,
      ndjsonSha256: "ab".repeat(32),
      firstReceivedAtMs: DAY_MS,
      lastReceivedAtMs: DAY_MS,
      writtenBy: "homeport",
      userFilter: buildUserFilter(new Uint8Array(8)),
    });
}

async function addDestination(token: string, sourceId: SourceId): Promise<DestinationId> {
  const { body } = await call("POST", "/api/v1/destinations", {
    token,
    body: {
      name: "hook",
      slug: "webhook",
      sourceId,
      enabled: false,
      settings: { url: "https://hooks.eu.example.com/in", secret: "sixteen characters at least" },
      hosts: ["hooks.eu.example.com"],
    },
  });
  return body.destination.id as DestinationId;
}

async function addReplay(
  token: string,
  sourceId: SourceId,
  destinationId: DestinationId,
): Promise<ReplayId> {
  const { body } = await call("POST", "/api/v1/replays", {
    token,
    body: { sourceId, destinationId, from: "2026-11-01T00:00:00Z", dryRun: true },
  });
  return body.replay.id as ReplayId;
}
