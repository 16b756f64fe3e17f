import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { newChildId, workspaceOf, type SourceId, type WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { Services } from "../../src/services.ts";
import { journalKey, sealEntry } from "../../src/workspace/regulation-journal.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { errorXml, FakeS3 } from "./support/fake-s3.ts";

const DAY_MS = 86_400_000;
const REGIONS = ["eu-central-1", "eu-west-1"] as const;
/** Alarms take their time on a busy machine. */
const WAIT = { timeout: 20_000, interval: 50 };

let services: Services;
let s3: FakeS3;
let token: string;
let sourceId: SourceId;

beforeEach(async () => {
  s3 = new FakeS3().install();
  services = makeServices();
  token = (await makeWorkspace("eu")).token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
});

function workspaceId(): WorkspaceId {
  return workspaceOf(sourceId);
}

function workspace() {
  const name = { kind: "workspace", workspaceId: workspaceId() } as const;
  return locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
}

async function suppress(...subjectIds: readonly string[]) {
  const body = { regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds };
  return call("POST", "/api/v1/regulations", { token, body });
}

async function unsuppress(...subjectIds: readonly string[]) {
  const body = { regulationType: "UNSUPPRESS", subjectType: "USER_ID", subjectIds };
  return call("POST", "/api/v1/regulations", { token, body });
}

/** Puts an entry that no workspace knows of into buckets. */
function plant(user: string, number: number, ...regions: readonly string[]): void {
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const entry = {
    number,
    id: newChildId("reg", workspaceId(), random),
    createdAtMs: Date.now(),
    commitment: "",
    draft: { type: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds: [user] },
  } as const;
  const bytes = sealEntry(entry, workspaceId(), CONFIG.sealingKeys.eu, random);
  for (const region of regions) {
    const bucket = `https://s3.${region}.amazonaws.com/homeport-${region}`;
    s3.put(`${bucket}/${journalKey(workspaceId(), number)}`, bytes);
  }
}

/** Numbers of the requests that the workspace knows. */
async function numbers(): Promise<readonly number[]> {
  return runInDurableObject(workspace(), (_, { storage }) =>
    storage.sql
      .exec<{ position: number }>("SELECT position FROM regulations ORDER BY position")
      .toArray()
      .map(({ position }) => position),
  );
}

async function suppressed(): Promise<readonly string[]> {
  const { body } = await call("GET", "/api/v1/suppressions", { token });
  return (body.data as { subjectId: string }[]).map(({ subjectId }) => subjectId);
}

/** Keys of the journal by bucket, without what is the same in all of them. */
function entries(): readonly string[] {
  return [...s3.objects.keys()]
    .filter((url) => url.includes("/regulations/"))
    .map((url) => url.replace(/^https:\/\/s3\.([a-z0-9-]+)\..*\/0*(\d+)\.sealed$/, "$1 $2"))
    .toSorted();
}

/** Sets the workspace back to when it knew of no request, and starts it again. */
async function restore(): Promise<void> {
  await runInDurableObject(workspace(), (_, { storage }) => {
    const tables = ["regulations", "regulation_subjects", "suppressions", "suppression_versions"];
    for (const table of [...tables, "journal"]) storage.sql.exec(`DELETE FROM ${table}`);
  });
  await evictDurableObject(workspace());
}

describe("the journal of regulations", () => {
  it("has an entry at every location before the request is answered, and it names nobody", async () => {
    const { status } = await suppress("somebody@example.com");

    const bytes = [...s3.objects].filter(([url]) => url.includes("/regulations/"));
    const texts = bytes.map(([, { bytes: body }]) => new TextDecoder().decode(body));
    expect([status, entries()]).toEqual([201, ["eu-central-1 1", "eu-west-1 1"]]);
    expect(texts.join("")).not.toContain("somebody");
  });

  it("takes no request while no bucket takes its entry", async () => {
    s3.intercept = () => errorXml(503, "SlowDown");

    const refused = await suppress("u1");

    s3.intercept = () => undefined;
    expect([refused.status, refused.body.code]).toEqual([503, "unavailable"]);
    expect(await suppressed()).toEqual([]);
    expect((await suppress("u1")).status).toBe(201);
  });

  it("has one entry however often the request is repeated before the first is answered", async () => {
    const body = { regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds: ["u1"] };
    const headers = { "idempotency-key": "abc-1" };

    const made = await Promise.all(
      [1, 2, 3].map(() => call("POST", "/api/v1/regulations", { token, body, headers })),
    );

    expect(new Set(made.map(({ body: { id } }) => id as string)).size).toBe(1);
    expect(await numbers()).toEqual([1]);
  });

  it("completes the copy of a location that was down", async () => {
    s3.intercept = (request) =>
      request.url.includes("eu-west-1") ? errorXml(503, "SlowDown") : undefined;
    await suppress("u1");
    const before = entries();
    s3.intercept = () => undefined;

    await services.workspace(workspaceId()).poke();

    await vi.waitFor(() => expect(entries()).toEqual(["eu-central-1 1", "eu-west-1 1"]), WAIT);
    expect(before).toEqual(["eu-central-1 1"]);
  });

  it("gives a workspace that was set back its requests again before it serves", async () => {
    const made = await suppress("u1");
    await suppress("u2");

    await restore();

    const { status, body } = await call("GET", `/api/v1/regulations/${made.body.id}`, { token });
    expect(await suppressed()).toEqual(["u1", "u2"]);
    expect([status, body.subjectIds]).toEqual([200, ["u1"]]);
    const version = (await services.workspace(workspaceId()).suppressedUsers(sourceId))?.version;
    expect(version).toBe(2);
  });

  it("finds each of them, also when no location has them all", async () => {
    for (const [i, user] of ["u1", "u2", "u3"].entries()) {
      const down = i === 1 ? "eu-west-1" : "eu-central-1";
      s3.intercept = (request) =>
        request.url.includes(down) ? errorXml(503, "SlowDown") : undefined;
      await suppress(user);
    }
    s3.intercept = () => undefined;

    await restore();

    expect((await suppressed()).toSorted()).toEqual(["u1", "u2", "u3"]);
  });

  it("repeats what such a workspace has forgotten, and says so in the audit chain", async () => {
    const made = await suppress("u1");
    await restore();

    await vi.waitFor(async () => {
      await runDurableObjectAlarm(workspace());
      const { body } = await call("GET", `/api/v1/regulations/${made.body.id}`, { token });
      expect(body.status).toBe("FINISHED");
    }, WAIT);

    const { body } = await call("GET", "/api/v1/audit", { token });
    expect(JSON.stringify(body)).toContain("regulation.repeat");
  });

  it("finds what it has forgotten once a location answers, when none did at the start", async () => {
    await suppress("u1");
    s3.intercept = () => errorXml(503, "SlowDown");
    await restore();
    const before = await suppressed();
    s3.intercept = () => undefined;

    await services.workspace(workspaceId()).poke();

    await vi.waitFor(async () => expect(await suppressed()).toEqual(["u1"]), WAIT);
    expect(before).toEqual([]);
  });

  it("gives no number twice, also when nobody noticed that the workspace was set back", async () => {
    await suppress("u1");
    s3.intercept = () => errorXml(503, "SlowDown");
    await restore();
    await suppressed();
    s3.intercept = () => undefined;

    expect((await suppress("u2")).status).toBe(201);

    expect(await suppressed()).toEqual(["u1", "u2"]);
    expect(entries()).toEqual(
      ["1", "2"].flatMap((n) => [`eu-central-1 ${n}`, `eu-west-1 ${n}`]).toSorted(),
    );
  });

  it("takes over hundreds of them before it serves, from buckets that take their time", async () => {
    for (let number = 1; number <= 500; number++) plant(`u${number}`, number, ...REGIONS);
    s3.intercept = async (request) => {
      if (request.method === "GET") await scheduler.wait(20);
      return undefined;
    };

    await restore();

    expect(await numbers()).toHaveLength(500);
  });

  it("lets no earlier request undo a later one because it is found later", async () => {
    await suppress("u1");
    s3.intercept = (request) =>
      request.url.includes("eu-west-1") ? errorXml(503, "SlowDown") : undefined;
    await unsuppress("u1");
    s3.intercept = (request) =>
      request.url.includes("eu-central-1") ? errorXml(503, "SlowDown") : undefined;
    await suppress("u1");
    await restore();
    const before = await suppressed();
    await evictDurableObject(workspace());
    s3.intercept = () => undefined;

    await services.workspace(workspaceId()).poke();

    await vi.waitFor(async () => expect(await numbers()).toEqual([1, 2, 3]), WAIT);
    expect([before, await suppressed()]).toEqual([["u1"], ["u1"]]);
  });

  it("keeps both of two requests that took one number, and gives the second another", async () => {
    plant("u1", 1, "eu-central-1");
    plant("u2", 1, "eu-west-1");

    await restore();
    const found = await suppressed();
    await services.workspace(workspaceId()).poke();

    await vi.waitFor(() => {
      expect(entries()).toEqual(REGIONS.flatMap((region) => [`${region} 1`, `${region} 2`]));
    }, WAIT);
    expect(found.toSorted()).toEqual(["u1", "u2"]);
    await restore();
    expect((await suppressed()).toSorted()).toEqual(["u1", "u2"]);
  });

  it("overwrites what was deleted before it was killed", async () => {
    await suppress("u1");
    await runInDurableObject(workspace(), (_, { storage }) => {
      storage.sql.exec("INSERT INTO soiled (id, times, peak_bytes) VALUES (1, 1, 0)");
    });
    await evictDurableObject(workspace());

    await services.workspace(workspaceId()).poke();

    await vi.waitFor(async () => {
      const times = await runInDurableObject(workspace(), (_, { storage }) =>
        storage.sql.exec<{ times: number }>("SELECT times FROM soiled").one(),
      );
      expect(times).toEqual({ times: 0 });
    }, WAIT);
  });

  it("forgets its entries with the subjects, 90 days after the end", async () => {
    const made = await suppress("u1");
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(workspace());
      const { body } = await call("GET", `/api/v1/regulations/${made.body.id}`, { token });
      expect(body.status).toBe("FINISHED");
    }, WAIT);
    await runInDurableObject(workspace(), (_, { storage }) => {
      storage.sql.exec("UPDATE regulations SET finished_at_ms = ?", Date.now() - 91 * DAY_MS);
    });

    await services.workspace(workspaceId()).poke();

    await vi.waitFor(() => expect(entries()).toEqual([]), WAIT);
  });
});
