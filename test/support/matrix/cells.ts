import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { OutboundCall } from "../../../scripts/stack/recorder.ts";
import type { TestSource } from "../homeport.ts";
import { isOfRunningSync } from "./sync-fixture.ts";

const OBJECTS_DIR = fileURLToPath(new URL("../../../durable-objects/", import.meta.url));

/** Classes of objects that wake up by themselves, as their files say. */
export function classesWithAlarms(): readonly string[] {
  return readdirSync(OBJECTS_DIR)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(OBJECTS_DIR + name, "utf8"))
    .filter((text) => /^ {2}override async alarm\(/m.test(text))
    .map((text) => /^export class (\w+) /m.exec(text)?.[1] ?? "")
    .toSorted();
}

/**
 * How it shows that the alarm of a class ran in a cell: by a request that only its work sends.
 * `undefined` where its work may well need no request; then time is given to it, and no more shown.
 */
export const ALARM_SIGNS: Readonly<
  Record<string, ((call: OutboundCall, source: TestSource) => boolean) | undefined>
> = {
  IngestQueue: (call, source) =>
    call.method === "PUT" && call.path.includes(`segment-logs/${source.id}/`),
  Archive: (call) => call.method === "GET",
  ArchiveMonth: undefined,
  DeliveryLane: (call) => call.host === SINK_HOST,
  Replay: undefined,
  Sync: isOfRunningSync,
  Workspace: (call) => call.method === "PUT" && call.path.includes("/audit/"),
};

/** A destination of the workspace's own, which it declared to be in the region. */
export const SINK_HOST = "sink.eu.example.com";

/** Requests of the public side that carry a workspace's data or name its key. */
export const TRACKING_REQUESTS: Readonly<
  Record<string, (url: string, source: TestSource, messageId: string) => Request>
> = {
  "POST /v1/batch": (url, source, messageId) =>
    post(`${url}/v1/batch`, source, { batch: [eventOf(messageId), eventOf(`${messageId}-2`)] }),
  "POST /v1/track": (url, source, messageId) =>
    post(`${url}/v1/track`, source, eventOf(`${messageId}-3`)),
  "POST /v1/m": (url, source) => post(`${url}/v1/m`, source, { series: [] }),
  "GET /v1/pixel/track": (url, source, messageId) => {
    const event = JSON.stringify({ ...eventOf(messageId), writeKey: source.writeKey });
    return new Request(`${url}/v1/pixel/track?data=${Buffer.from(event).toString("base64url")}`);
  },
  "GET /v1/projects/{key}/settings": (url, source) =>
    new Request(`${url}/v1/projects/${source.writeKey}/settings`),
  "GET /analytics.js/v1/{key}/analytics.min.js": (url, source) =>
    new Request(`${url}/analytics.js/v1/${source.writeKey}/analytics.min.js`),
  "GET /health": (url) => new Request(`${url}/health`),
};

function eventOf(messageId: string): Readonly<Record<string, unknown>> {
  return { type: "track", event: "Matrix", userId: "matrix-user", messageId };
}

function post(url: string, source: TestSource, body: unknown): Request {
  return new Request(url, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${source.writeKey}:`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
}

const EU_HOSTS = new Set([
  "s3.eu-west-1.amazonaws.com",
  "s3.eu-central-1.amazonaws.com",
  SINK_HOST,
]);
const US_BUCKET_HOST = /^s3\.us-(west-2|east-1)\.amazonaws\.com$/;

/**
 * Requests that left the eu workspace's region, or tried to. A workspace of the us, into which a
 * configuration was moved, may write to its own home, and look there for, what names nothing but itself.
 */
export function callsOutside(
  calls: readonly OutboundCall[],
  usWorkspaceId: string,
): readonly OutboundCall[] {
  return calls.filter(({ host, path, query }) => {
    if (EU_HOSTS.has(host)) return false;
    // A listing names the folder in its query.
    const asked = decodeURIComponent(path + query);
    const own = [`/audit/${usWorkspaceId}/`, `regulations/${usWorkspaceId}/`];
    return !(US_BUCKET_HOST.test(host) && own.some((folder) => asked.includes(folder)));
  });
}
