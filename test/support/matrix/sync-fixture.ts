import { setTimeout as pause } from "node:timers/promises";

import { PutObjectCommand } from "@aws-sdk/client-s3";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import type { Stack } from "../../../scripts/stack/start-stack.ts";
import type { ArchiveLocation } from "../../../src/region/regions.ts";
import { s3Client } from "../read-bucket.ts";

type Json = Readonly<Record<string, unknown>>;

/** Asks the management API with the token of the workspace that the syncs are made in. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<Json>;

/** Two syncs of files to a destination, made anew for each fault. */
export type SyncFixture = {
  /** Leads to files in the region's bucket. */
  readonly connectionId: string;
  /** A sync that has run once, as its own id and as its number in the workspace. */
  readonly syncId: string;
  readonly syncNumber: number;
  /** A sync whose files nothing but its own runs reads, so that a request for them is its alarm's. */
  readonly runningSyncId: string;
  readonly runningSyncNumber: number;
  /** The body of a call that makes one more. */
  readonly draft: Json;
};

/** What the syncs read and where they write to. */
export type SyncSetting = {
  readonly ask: Ask;
  readonly aws: Stack["aws"];
  /** A host that takes what it is sent. */
  readonly sinkHost: string;
  readonly secret: string;
  /** The two files' text, CSV with the columns `id` and `email`. */
  readonly csv: string;
  /** How a mapping makes the record's third field, besides those two columns. */
  readonly note: Json;
};

const READ_AT: ArchiveLocation = "eu-west-1";
const RUNNING_AT: ArchiveLocation = "eu-central-1";
export const FOLDER_PREFIX = "people/";
const RUNNING_PREFIX = "running-people/";
const ENDED_POLLS_MAX = 200;
const POLL_MS = 100;

/** Whether only the running sync's own work asks that. */
export function isOfRunningSync({
  host,
  path,
  query,
}: {
  readonly host: string;
  readonly path: string;
  readonly query: string;
}): boolean {
  const asked = decodeURIComponent(path + query);
  return host === `s3.${RUNNING_AT}.amazonaws.com` && asked.includes(RUNNING_PREFIX);
}

/** Makes both syncs and has the first of them run once. */
export async function makeSyncs(setting: SyncSetting): Promise<SyncFixture> {
  const { ask, sinkHost, secret } = setting;
  const connectionId = await makeFiles(setting, READ_AT, FOLDER_PREFIX);
  const runningId = await makeFiles(setting, RUNNING_AT, RUNNING_PREFIX);
  const sink = await ask("POST", "/api/v1/connections", {
    name: "example",
    kind: "webhook",
    settings: { url: `https://${sinkHost}/records`, secret, batchSize: 2 },
    hosts: [sinkHost],
  });
  const draftOf = (from: string, prefix: string): Json => ({
    label: "example",
    source: {
      connectionId: from,
      model: { kind: "folder", prefix, format: "csv", files: "newest" },
    },
    destination: { connectionId: idIn(sink, "connection"), object: "records" },
    key: ["id"],
    mappings: [
      { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
      { to: "email", from: { type: "column", column: "email" } },
      { to: "note", from: setting.note },
    ],
    users: { userIdColumn: "id" },
  });
  const draft = draftOf(connectionId, FOLDER_PREFIX);
  const first = await ask("POST", "/api/v1/syncs", draft);
  const running = await ask("POST", "/api/v1/syncs", draftOf(runningId, RUNNING_PREFIX));
  const syncId = idIn(first, "sync");
  await runOnce(ask, syncId);
  return {
    connectionId,
    syncId,
    syncNumber: numberIn(first),
    runningSyncId: idIn(running, "sync"),
    runningSyncNumber: numberIn(running),
    draft,
  };
}

/** Triggers and waits until it is over, however it ends. */
export async function runOnce(ask: Ask, syncId: string, body: Json = {}): Promise<Json> {
  const begun = await ask("POST", `/api/v1/syncs/${syncId}/trigger`, body);
  const { id } = begun["run"] as { readonly id: string };
  for (let poll = 0; poll < ENDED_POLLS_MAX; poll++) {
    const { run } = await ask("GET", `/api/v1/syncs/${syncId}/runs/${id}`);
    if ((run as Json | undefined)?.["endedAt"] != null) return run as Json;
    await pause(POLL_MS);
  }
  throw new Error("Cannot wait for a run any longer: wanted one that ends");
}

/** Puts the file into the bucket of the location and connects to it. */
async function makeFiles(
  { ask, aws, csv }: SyncSetting,
  location: ArchiveLocation,
  prefix: string,
): Promise<string> {
  const credentials = aws.credentials.eu;
  const client = s3Client({ endpoint: aws.endpoints[location], location, credentials });
  const bucket = homeBucketName(location);
  await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: `${prefix}people.csv`, Body: csv }),
  );
  client.destroy();
  const made = await ask("POST", "/api/v1/connections", {
    name: "example",
    kind: "files",
    settings: {
      url: `https://s3.${location}.amazonaws.com/${bucket}`,
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
    },
  });
  return idIn(made, "connection");
}

/** The id of what was made. */
export function idIn(answer: Json, name: string): string {
  const made = answer[name] as { readonly id?: string } | undefined;
  if (made?.id === undefined) {
    throw new Error(`Cannot make a ${name}: answered ${JSON.stringify(answer)}`);
  }
  return made.id;
}

function numberIn(answer: Json): number {
  return (answer["sync"] as { readonly number: number }).number;
}
