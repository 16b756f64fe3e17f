import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { HOME_CREDENTIALS, homeBucketName } from "../../scripts/local-aws/options.ts";
import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { startPostgres, type PostgresServer } from "../support/deliver/postgres-server.ts";
import { keepVersions } from "../support/erased/every-version.ts";
import { storesOfUsers } from "../support/erased/data-map-stores.ts";
import { CRM, fillSyncs } from "../support/erased/fill-syncs.ts";
import { inBuckets, inDatabase, inFiles, inSource, inTables } from "../support/erased/find-user.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

/** Occurs nowhere else, so that it can be looked for as bytes. */
const USER = "forget-me-everywhere-5c1f";
const OTHERS = [`x${USER.slice(1)}`, "somebody-else"];
const DEAD = "dead.example.com";
const SLOW = "slow.example.com";
const SYNCED = "synced.example.com";
const LOCATION = "eu-west-1";
const WAIT = { timeout: 120_000, interval: 500 };

/** What a request names its users by stands in these until it is over, and suppressions for good. */
const REQUESTS = [
  "Workspace regulation_subjects",
  "Workspace regulation_links",
  "Workspace subject_accesses",
  "Workspace suppressions",
  "S3 regulations/",
];

/** Lines of a file while it is rewritten, under a key that is nowhere: nothing to be looked for. */
const UNREADABLE = ["Archive spill"];

/** What a run of a sync holds, which a deletion breaks off. */
const OF_A_RUN = "S3 homeport-syncs/";

let stack: Stack;
let homeport: Homeport;
let database: PostgresServer;
let source: TestSource;
let before: ReadonlySet<string>;

const answer = async ({ url, body }: OutboundRequest): Promise<OutboundAnswer> => {
  const { type } = JSON.parse(body.toString("utf8")) as { type: string };
  const status = type === "delete" ? 200 : url.host === DEAD ? 400 : 503;
  return { status, headers: {}, body: Buffer.alloc(0) };
};

/** Takes the user, and nobody else. */
const takeUser = async ({ body }: OutboundRequest): Promise<OutboundAnswer> => {
  const status = body.includes(`"${USER}"`) ? 200 : 503;
  return { status, headers: {}, body: Buffer.alloc(0) };
};

beforeAll(async () => {
  database = await startPostgres();
  stack = await startStack({
    vars: { SEAL_SECONDS: "1", SUSPECT_SECONDS: "1" },
    outbound: { [DEAD]: answer, [SLOW]: answer, [SYNCED]: takeUser },
  });
  // So that a deletion has to find what it wrote over as well.
  await keepVersions(stack.aws);
  homeport = openHomeport(stack);
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
  // What waits is taken up for another attempt now and then, so one look may miss it.
  const waiting = await fillEveryStore();
  before = new Set([...waiting, ...(await found())]);
}, 240_000);

afterAll(async () => {
  await stack.stop();
  await database.stop();
});

function accountOf({ host, port, database: name, user, password }: PostgresServer) {
  return { host, port, database: name, user, password };
}

async function api(method: string, path: string, body?: unknown) {
  const answered = await homeport.api(source.workspace.token, method, path, body);
  expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
  return answered.body;
}

async function connect(slug: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const hosts = ["127.0.0.1", DEAD, SLOW];
  const made = await api("POST", "/api/v1/destinations", {
    name: slug,
    slug,
    sourceId: source.id,
    settings,
    hosts,
  });
  return (made["destination"] as { readonly id: string }).id;
}

async function send(): Promise<void> {
  const batch = [USER, ...OTHERS].map((userId) => ({ type: "track", event: "Seen", userId }));
  const body = JSON.stringify({ writeKey: source.writeKey, batch });
  const answered = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
  expect(answered.status).toBe(200);
}

/** Every place where the user stands now; nothing is running while it is looked. */
async function found(): Promise<ReadonlySet<string>> {
  const account = accountOf(database);
  await stack.kill();
  const tables = inTables(stack, USER);
  const others = [
    await inBuckets(stack, USER),
    await inDatabase(account, USER),
    await inSource({ ...account, database: CRM }, USER),
  ];
  await stack.restart();
  return new Set([tables, ...others].flatMap((places) => [...places]));
}

/** Puts the user into every store; where they stood among what waits. */
async function fillEveryStore(): Promise<ReadonlySet<string>> {
  const secret = "sixteen characters at least";
  const account = accountOf(database);
  const bucketUrl = `${stack.aws.endpoints[LOCATION]}/${homeBucketName(LOCATION)}`;
  const dead = await connect("webhook", { url: `https://${DEAD}/in`, secret });
  const slow = await connect("webhook", { url: `https://${SLOW}/in`, secret });
  await connect("postgres", account);
  await connect("data-lake", {});
  await connect("s3-copy", { bucketUrl, ...HOME_CREDENTIALS.eu, prefix: "copies" });
  await send();
  await vi.waitFor(async () => {
    const wanted = ["segment-data/", "segment-logs/", "segment-logs/dead-letters/", "copies/"];
    const places = [...(await inBuckets(stack, USER)), ...(await inDatabase(account, USER))];
    expect(places.toSorted()).toEqual(
      ["Warehouse <any>", ...wanted.map((prefix) => `S3 ${prefix}`)].toSorted(),
    );
  }, WAIT);
  for (const subjectIds of [[USER], OTHERS]) {
    const asked = { subjectType: "USER_ID", subjectIds };
    const { id } = await api("POST", "/api/v1/subject-access", asked);
    await vi.waitFor(async () => {
      const { status } = await api("GET", `/api/v1/subject-access/${String(id)}`);
      expect(status).toBe("FINISHED");
    }, WAIT);
  }
  await api("POST", "/api/v1/replays", {
    sourceId: source.id,
    destinationId: slow,
    from: new Date(Date.now() - 86_400_000).toISOString(),
    to: new Date(Date.now() + 60_000).toISOString(),
  });
  const waiting = await vi.waitFor(() => {
    const tables = inTables(stack, USER);
    expect([...tables]).toContain("Replay waiting");
    return tables;
  }, WAIT);
  const users = [USER, ...OTHERS];
  await fillSyncs(api, account, { users, host: SYNCED, secret });
  // These gather for half a minute, and stand in the queue's log.
  await send();
  await vi.waitFor(async () => {
    const { data } = await api("GET", `/api/v1/destinations/${dead}/dead-letters`);
    expect(JSON.stringify(data)).toContain("gathering");
  }, WAIT);
  return waiting;
}

describe("one user in every kind of store of the data map", () => {
  it("is there before", () => {
    const stores = storesOfUsers().filter((store) => ![...REQUESTS, ...UNREADABLE].includes(store));

    expect(stores.filter((store) => !before.has(store))).toEqual([]);
    expect(before).toContain("S3 segment-logs/dead-letters/");
  });

  it("is nowhere after a deletion is FINISHED, not even as bytes of an object's file", async () => {
    const made = await api("POST", "/api/v1/regulations", {
      regulationType: "SUPPRESS_WITH_DELETE",
      subjectType: "USER_ID",
      subjectIds: [USER],
    });
    const regulation = await vi.waitFor(async () => {
      const now = await api("GET", `/api/v1/regulations/${String(made["id"])}`);
      expect(["INITIALIZED", "RUNNING"]).not.toContain(now["status"]);
      return now;
    }, WAIT);

    const after = await found();
    await stack.kill();
    const files = await inFiles(stack, USER);
    await stack.restart();

    expect(regulation["status"], JSON.stringify(regulation)).toBe("FINISHED");
    expect([...after].filter((store) => !REQUESTS.includes(store))).toEqual([]);
    expect([...files].filter((file) => !file.startsWith("Workspace"))).toEqual([]);
  }, 240_000);

  it("takes nobody else along", async () => {
    const account = accountOf(database);
    for (const other of OTHERS) {
      const places = [...(await inBuckets(stack, other)), ...(await inDatabase(account, other))];
      expect(new Set(places)).toEqual(
        new Set(
          [...before].filter((store) => /^(?:S3|Warehouse)/.test(store) && store !== OF_A_RUN),
        ),
      );
    }
  });
});
