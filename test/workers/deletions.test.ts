import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { workspaceOf, type SourceId } from "../../src/core/ids.ts";
import { concatBytes } from "../../src/core/bytes.ts";
import { sipKey } from "../../src/core/siphash.ts";
import { hashAnonymousId, hashUserId } from "../../src/ingest/event-hashes.ts";
import { locate } from "../../src/region/placement.ts";
import { commitmentOf } from "../../src/regulation/commitment.ts";
import type { Services } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

let services: Services;
let sourceId: SourceId;
let token: string;
let s3: FakeS3;

beforeEach(async () => {
  s3 = new FakeS3().install();
  services = makeServices();
  token = (await makeWorkspace("eu")).token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
});

type Named = { readonly userId?: string; readonly anonymousId?: string };

/** Takes in one event of each of these users. */
async function send(named: readonly (string | Named)[]): Promise<void> {
  const config = await services.workspace(workspaceOf(sourceId)).sourceConfig(sourceId);
  const key = sipKey(config?.fingerprintKey ?? "");
  const events = named.map((each) => (typeof each === "string" ? { userId: each } : each));
  const users = new Uint8Array(24 * events.length);
  for (const [i, { userId, anonymousId }] of events.entries()) {
    const at = 24 * i;
    if (userId !== undefined) hashUserId(key, userId, users.subarray(at, at + 8));
    if (anonymousId !== undefined) hashAnonymousId(key, anonymousId, users.subarray(at + 16));
  }
  const ids = events.map(() => crypto.randomUUID());
  const lines = events.map((event, i) =>
    new TextEncoder().encode(`${JSON.stringify({ messageId: ids[i], ...event })}\n`),
  );
  let end = 0;
  const answer = await services.queue(sourceId, EU1_0).append(
    appendOf(ids, {
      receivedAtMs: Date.now(),
      users,
      lines: concatBytes(lines),
      ends: Uint32Array.from(lines, (line) => (end += line.length)),
    }),
  );
  expect(answer.kind).toBe("accepted");
}

/** Has everything that was taken in become a file. */
async function archive(): Promise<void> {
  const queue = services.queue(sourceId, EU1_0);
  const { throughSeq } = await queue.settle();
  await vi.waitFor(async () => {
    expect(await queue.settle(throughSeq)).toMatchObject({ isSettled: true });
  });
}

/** The users of the events in all files, file by file. */
function archived(): string[][] {
  return [...s3.objects]
    .filter(([url]) => url.includes("/segment-logs/"))
    .map(([, { bytes }]) =>
      new TextDecoder()
        .decode(gunzipSync(bytes))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Named)
        .map(({ userId, anonymousId }) => userId ?? anonymousId ?? ""),
    );
}

async function ask(body: Record<string, unknown>): Promise<string> {
  const made = await call("POST", "/api/v1/regulations", {
    token,
    body: { regulationType: "SUPPRESS_WITH_DELETE", subjectType: "USER_ID", ...body },
  });
  expect(made.status).toBe(201);
  return made.body.id as string;
}

function workspace() {
  const name = { kind: "workspace", workspaceId: workspaceOf(sourceId) } as const;
  return locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
}

async function finished(id: string) {
  return vi.waitFor(
    async () => {
      await runDurableObjectAlarm(workspace());
      const { body } = await call("GET", `/api/v1/regulations/${id}`, { token });
      expect(["INITIALIZED", "RUNNING"]).not.toContain(body.status);
      return body;
    },
    { timeout: 10_000, interval: 100 },
  );
}

describe("SUPPRESS_WITH_DELETE", () => {
  it("takes the user out of files and out of what waits, and nobody else", async () => {
    await send(["u1", "u2"]);
    await archive();
    await send(["u11", "u1", "u3"]);

    const { status } = await finished(await ask({ subjectIds: ["u1"] }));

    expect(status).toBe("FINISHED");
    expect(archived().toSorted((a, b) => a.length - b.length)).toEqual([["u2"], ["u11", "u3"]]);
  });

  it("opens no file that cannot hold the user", async () => {
    await send(["u1"]);
    await archive();
    await send(["u2"]);
    await archive();
    s3.requests.length = 0;

    await finished(await ask({ subjectIds: ["u1"] }));

    const reads = s3.requests.filter((request) => /^GET .*\/segment-logs\//.test(request));
    expect(reads).toHaveLength(1);
  });

  it("is certified in the audit chain without the user's id", async () => {
    await send(["somebody@example.com"]);
    const id = await ask({ subjectIds: ["somebody@example.com"] });
    await finished(id);

    const audit = JSON.stringify((await call("GET", "/api/v1/audit", { token })).body);

    const { certificate } = (await call("GET", `/api/v1/regulations/${id}`, { token })).body;
    expect(audit).toContain(createHash("sha256").update(certificate).digest("hex"));
    expect(audit + certificate).not.toContain("somebody");
  });

  it("goes on after an eviction while the bucket does not answer", async () => {
    await send(["u1", "u2"]);
    const id = await ask({ subjectIds: ["u1"] });
    s3.intercept = () => new Response(null, { status: 503 });
    await runDurableObjectAlarm(workspace());
    await evictDurableObject(workspace());
    s3.intercept = () => undefined;

    expect((await finished(id)).status).toBe("FINISHED");
    expect(archived()).toEqual([["u2"]]);
  });

  it("records what it wrote when its object died before", async () => {
    await send(["u1", "u2"]);
    await archive();
    let isCut = false;
    s3.intercept = async (request) => {
      if (request.method !== "PUT" || !request.headers.has("if-match") || isCut) return undefined;
      isCut = true;
      s3.intercept = () => undefined;
      await fetch(request.clone());
      throw new Error("The connection was lost after the object was written");
    };

    expect((await finished(await ask({ subjectIds: ["u1"] }))).status).toBe("FINISHED");
    const files = await call("GET", `/api/v1/sources/${sourceId}/files`, { token });
    expect([isCut, files.body.data[0].events]).toEqual([true, 1]);
  });

  it("waits while another job has the archive", async () => {
    await send(["u1"]);
    const port = services.archive(sourceId);
    await port.enterJob({ id: "job_eu_x", kind: "retention" });
    const id = await ask({ subjectIds: ["u1"] });
    await archive();
    await runDurableObjectAlarm(workspace());
    const before = archived();
    await port.leaveJob("job_eu_x");

    expect((await finished(id)).status).toBe("FINISHED");
    expect([before, archived()]).toEqual([[["u1"]], [[]]]);
  });

  it("counts a file once that was written and not recorded", async () => {
    await send(["u1", "u2"]);
    await archive();
    s3.intercept = async (request) => {
      if (request.method !== "PUT" || !request.headers.has("if-match")) return undefined;
      s3.intercept = () => undefined;
      await fetch(request.clone());
      throw new Error("The connection was lost after the object was written");
    };

    const { certificate } = await finished(await ask({ subjectIds: ["u1"] }));

    expect(JSON.parse(certificate)).toMatchObject({
      counts: { filesRewritten: 1, eventsErased: 1 },
      archives: { [sourceId]: { filesRewritten: 1, eventsErased: 1 } },
    });
  });

  it("is certified with a commitment that its salt opens, and the salt is shown once", async () => {
    const body = {
      regulationType: "DELETE_ONLY",
      subjectType: "USER_ID",
      subjectIds: ["u1", "u2"],
    };
    const made = await call("POST", "/api/v1/regulations", { token, body });
    const { commitmentSalt, id } = made.body;

    const shown = await finished(id);

    const { commitment } = JSON.parse(shown.certificate);
    expect([commitment, shown.commitmentSalt, commitmentSalt.length]).toEqual([
      commitmentOf(commitmentSalt, "USER_ID", ["u2", "u1"]),
      undefined,
      64,
    ]);
  });
});

describe("linkedAnonymousIds", () => {
  const linked = { subjectIds: ["u1"], linkedAnonymousIds: true };

  it("forgets the anonymous ids that stood beside the user, and no others", async () => {
    await send([{ anonymousId: "a1" }, { anonymousId: "a2" }, { userId: "u1", anonymousId: "a1" }]);
    await archive();
    await send([{ anonymousId: "a1" }, { userId: "u2", anonymousId: "a3" }]);

    const { status, linkedIds } = await finished(await ask(linked));

    expect([status, linkedIds]).toEqual(["FINISHED", 1]);
    const sorted = archived().toSorted((a, b) => a.join().localeCompare(b.join()));
    expect(sorted).toEqual([["a2"], ["u2"]]);
  });

  it("goes on after an eviction between finding them and forgetting them", async () => {
    await send([{ anonymousId: "a1" }, { userId: "u1", anonymousId: "a1" }]);
    await archive();
    const id = await ask(linked);
    s3.intercept = ({ method }) =>
      method === "PUT" ? new Response(null, { status: 503 }) : undefined;
    await runDurableObjectAlarm(workspace());
    await evictDurableObject(workspace());
    s3.intercept = () => undefined;

    expect((await finished(id)).linkedIds).toBe(1);
    expect(archived()).toEqual([[]]);
  });

  it("keeps the ids as long as the users, for when it has to be done again", async () => {
    await send([{ anonymousId: "a1" }, { userId: "u1", anonymousId: "a1" }]);
    await archive();
    await finished(await ask(linked));
    const kept = (): Promise<number> =>
      runInDurableObject(workspace(), (_, { storage }) => {
        const query = "SELECT count(*) AS n FROM regulation_links";
        return storage.sql.exec<{ n: number }>(query).one().n;
      });
    const before = await kept();
    await runInDurableObject(workspace(), (_, { storage }) => {
      storage.sql.exec("UPDATE regulations SET finished_at_ms = finished_at_ms - 91 * 86400000");
    });

    await services.workspace(workspaceOf(sourceId)).poke();

    expect([before, await kept()]).toEqual([1, 0]);
  });

  it.each([
    { subjectType: "ANONYMOUS_ID", regulationType: "DELETE_ONLY" },
    { subjectType: "USER_ID", regulationType: "SUPPRESS_ONLY" },
  ])("is refused where there is nothing to link: %j", async (body) => {
    const asked = { ...linked, ...body };

    const { status } = await call("POST", "/api/v1/regulations", { token, body: asked });

    expect(status).toBe(422);
  });
});
