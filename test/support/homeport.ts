import { setTimeout as pause } from "node:timers/promises";
import { HOME_CREDENTIALS, homeBucketName, LOCATIONS } from "../../scripts/local-aws/options.ts";
import { DEV_HOSTS } from "../../scripts/stack/dev-settings.ts";
import type { Stack } from "../../scripts/stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import {
  HOME_REGIONS,
  homeOf,
  type ArchiveLocation,
  type IngestRegion,
} from "../../src/region/regions.ts";
import { resolveLocalhostNames } from "./localhost-lookup.ts";
import { readBucket, type ReadFile } from "./read-bucket.ts";

export type TestWorkspace = {
  readonly id: string;
  readonly region: HomeRegion;
  /** An owner's token. */
  readonly token: string;
};

export type TestSource = {
  readonly id: string;
  readonly writeKey: string;
  readonly workspace: TestWorkspace;
};

/** Fields of `POST /api/v1/sources` besides the name. */
export type SourceSettings = Readonly<Record<string, unknown>>;

/** One line of an archive file, parsed. */
export type ArchivedEvent = Readonly<Record<string, unknown>>;

export type ApiAnswer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Where a file was found. */
export type LocatedFile = ReadFile & { readonly location: ArchiveLocation };

export type CounterStep = "accepted" | "duplicate" | "refused" | "noted" | "archived";

/** A Homeport as its users have it: the management API, tracking hosts, and the buckets behind. */
export type Homeport = {
  readonly stack: Stack;
  /** The tracking host of an ingest region, `http://events.eu1.localhost:PORT`. */
  readonly hostOf: (ingestRegion: IngestRegion) => string;
  readonly api: (token: string, method: string, path: string, body?: unknown) => Promise<ApiAnswer>;
  readonly createWorkspace: (region: HomeRegion) => Promise<TestWorkspace>;
  readonly createSource: (
    workspace: TestWorkspace,
    settings?: SourceSettings,
  ) => Promise<TestSource>;
  /** Sums of the source's counters by `step code`, for example `refused wrong_region`. */
  readonly counters: (source: TestSource) => Promise<Readonly<Record<string, number>>>;
  /** The source's files in the buckets of its home region. */
  readonly files: (source: TestSource) => Promise<readonly LocatedFile[]>;
  /** Polls until the source has `count` lines at least, and returns all it then has. */
  readonly waitForEvents: (source: TestSource, count: number) => Promise<readonly ArchivedEvent[]>;
  /**
   * Everything the source has accepted so far, read back from the buckets. A marker is sent behind
   * it and waited for, through every shard of the present route (say how many), so that a line that
   * came twice cannot come later; queues of earlier routes have to say that they are empty.
   */
  readonly settledEvents: (
    source: TestSource,
    shards?: number,
  ) => Promise<readonly ArchivedEvent[]>;
  /** Whether no bucket outside `region` holds any object. */
  readonly otherBucketsAreEmpty: (region: HomeRegion) => Promise<boolean>;
  /** Keys of objects outside the source's home region that name the source, in key or content. */
  readonly straysOf: (source: TestSource) => Promise<readonly string[]>;
};

/** The name of the events that {@link Homeport.settledEvents} sends; they are left out of answers. */
export const MARKER_EVENT = "homeport-test-marker";

const POLL_MS = 150;
/** Far beyond any seal: what is not there by then is lost. */
const WAIT_MS_MAX = 60_000;
/** For each shard: enough that every shard gets one but in one run of a billion. */
const MARKERS_PER_SHARD = 40;

/** Opens a running stack to tests. */
export function openHomeport(stack: Stack): Homeport {
  resolveLocalhostNames();
  const api = (token: string, method: string, path: string, body?: unknown): Promise<ApiAnswer> =>
    callApi(stack, token, method, path, body);
  const files = (source: TestSource): Promise<readonly LocatedFile[]> =>
    readHome(stack, source.workspace.region, `segment-logs/${source.id}/`);
  const linesOf = async (source: TestSource): Promise<readonly ArchivedEvent[]> =>
    (await files(source)).flatMap(({ lines }) => lines as readonly ArchivedEvent[]);
  return {
    stack,
    api,
    files,
    hostOf: (ingestRegion) => `http://${DEV_HOSTS[ingestRegion]}:${stack.port}`,
    createWorkspace: (region) => createWorkspace(stack, region),
    createSource: (workspace, settings) => createSource(stack, workspace, settings),
    counters: async ({ id, workspace }) => {
      const { body } = await api(workspace.token, "GET", `/api/v1/sources/${id}/metrics`);
      const counters = (body["counters"] ?? []) as readonly Counter[];
      return Object.fromEntries(
        counters.map(({ step, code, count }) => [`${step} ${code}`.trim(), count]),
      );
    },
    waitForEvents: (source, count) =>
      poll(`${count} lines of ${source.id}`, async () => {
        const lines = (await linesOf(source)).filter((line) => line["event"] !== MARKER_EVENT);
        return lines.length >= count ? lines : undefined;
      }),
    settledEvents: async (source, shards = 1) => {
      const marks = await sendMarkers(stack, source, shards);
      return poll(`the markers of ${source.id}`, async () => {
        if (!(await allQueuesAreEmpty(api, source))) return undefined;
        const lines = await linesOf(source);
        const seen = new Set(lines.map((line) => line["messageId"]));
        if (!marks.every((mark) => seen.has(mark))) return undefined;
        return lines.filter((line) => line["event"] !== MARKER_EVENT);
      });
    },
    otherBucketsAreEmpty: async (region) => (await readOutside(stack, region)).length === 0,
    straysOf: async (source) =>
      (await readOutside(stack, source.workspace.region))
        .filter(({ key, text }) => key.includes(source.id) || text.includes(source.id))
        .map(({ key }) => key),
  };
}

/** The messageIds of events, in the order of texts, so that two lists can be compared. */
export function messageIdsOf(events: readonly ArchivedEvent[]): readonly string[] {
  return events.map((event) => String(event["messageId"])).toSorted();
}

/** The messageIds that stand more often than once. */
export function duplicatesIn(events: readonly ArchivedEvent[]): readonly string[] {
  return messageIdsOf(events).filter((id, index, ids) => ids[index - 1] === id);
}

type Counter = { readonly step: CounterStep; readonly code: string; readonly count: number };

async function callApi(
  stack: Stack,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<ApiAnswer> {
  const response = await fetch(stack.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as ApiAnswer["body"] };
}

/** @throws Error with the answer, when it is not the one wanted: the test cannot go on. */
async function mustCall(
  stack: Stack,
  token: string,
  path: string,
  body: unknown,
): Promise<ApiAnswer["body"]> {
  const answer = await callApi(stack, token, "POST", path, body);
  if (answer.status === 201) return answer.body;
  throw new Error(`Cannot POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function createWorkspace(stack: Stack, region: HomeRegion): Promise<TestWorkspace> {
  const draft = { name: `test ${region}`, region };
  const { invite } = await mustCall(stack, stack.operatorToken, "/api/v1/workspaces", draft);
  const { workspace, token } = await mustCall(stack, "", "/api/v1/invites/redeem", { invite });
  const { id } = workspace as { readonly id: string };
  return { id, region, token: String(token) };
}

async function createSource(
  stack: Stack,
  workspace: TestWorkspace,
  settings: SourceSettings = {},
): Promise<TestSource> {
  const draft = { name: "test", ...settings };
  const { source, writeKey } = await mustCall(stack, workspace.token, "/api/v1/sources", draft);
  const { id } = source as { readonly id: string };
  return { id, writeKey: String(writeKey), workspace };
}

async function sendMarkers(
  stack: Stack,
  source: TestSource,
  shards: number,
): Promise<readonly string[]> {
  const count = shards === 1 ? 1 : shards * MARKERS_PER_SHARD;
  const batch = Array.from({ length: count }, () => ({
    type: "track",
    event: MARKER_EVENT,
    userId: crypto.randomUUID(),
    messageId: `marker-${crypto.randomUUID()}`,
  }));
  await poll(`an answer to the markers of ${source.id}`, async () => {
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    await answer.arrayBuffer();
    return answer.ok ? true : undefined;
  });
  return batch.map(({ messageId }) => messageId);
}

/** Whether no queue that the source ever had holds an event that is not archived. */
async function allQueuesAreEmpty(api: Homeport["api"], source: TestSource): Promise<boolean> {
  const path = `/api/v1/sources/${source.id}/metrics`;
  const { body } = await api(source.workspace.token, "GET", path);
  const queues = (body["queues"] ?? []) as readonly { readonly waitingEvents: number | null }[];
  return queues.every(({ waitingEvents }) => waitingEvents === 0);
}

function readHome(
  stack: Stack,
  region: HomeRegion,
  prefix: string,
): Promise<readonly LocatedFile[]> {
  return readAll(stack, HOME_REGIONS[region].locations, prefix);
}

function readOutside(stack: Stack, region: HomeRegion): Promise<readonly LocatedFile[]> {
  return readAll(
    stack,
    LOCATIONS.filter((location) => homeOf(location) !== region),
    "",
  );
}

async function readAll(
  stack: Stack,
  locations: readonly ArchiveLocation[],
  prefix: string,
): Promise<readonly LocatedFile[]> {
  const found = await Promise.all(
    locations.map(async (location) => {
      const access = {
        endpoint: stack.aws.endpoints[location],
        location,
        credentials: HOME_CREDENTIALS[homeOf(location)],
      };
      const files = await readBucket(access, homeBucketName(location), prefix);
      return files.map((file) => ({ ...file, location }));
    }),
  );
  return found.flat();
}

async function poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`Cannot find ${what}: waited for ${WAIT_MS_MAX} ms`);
    await pause(POLL_MS);
  }
}
