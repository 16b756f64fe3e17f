import { gunzipSync } from "node:zlib";

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { newChildId, workspaceOf, type SourceId } from "../../src/core/ids.ts";
import { concatBytes } from "../../src/core/bytes.ts";
import { sipKey } from "../../src/core/siphash.ts";
import { hashUserId } from "../../src/ingest/event-hashes.ts";
import { locate } from "../../src/region/placement.ts";
import type { Services } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const PATH = "/api/v1/subject-access";
const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;
const DAYS_8 = 8 * 86_400_000;

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

async function send(userIds: readonly string[]): Promise<void> {
  const config = await services.workspace(workspaceOf(sourceId)).sourceConfig(sourceId);
  const users = new Uint8Array(24 * userIds.length);
  for (const [i, userId] of userIds.entries()) {
    hashUserId(sipKey(config?.fingerprintKey ?? ""), userId, users.subarray(24 * i, 24 * i + 8));
  }
  const ids = userIds.map(() => crypto.randomUUID());
  const lines = userIds.map((userId, i) =>
    new TextEncoder().encode(`${JSON.stringify({ messageId: ids[i], userId })}\n`),
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

function workspace() {
  const name = { kind: "workspace", workspaceId: workspaceOf(sourceId) } as const;
  return locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
}

async function ask(subjectIds: readonly string[]): Promise<string> {
  const body = { subjectType: "USER_ID", subjectIds };
  const made = await call("POST", PATH, { token, body });
  expect(made.status).toBe(201);
  return made.body.id as string;
}

async function finished(path: string) {
  return vi.waitFor(
    async () => {
      await runDurableObjectAlarm(workspace());
      const { body } = await call("GET", path, { token });
      expect(body.status).toBe("FINISHED");
      return body;
    },
    { timeout: 10_000, interval: 100 },
  );
}

function exported(): string[] {
  return [...s3.objects]
    .filter(([url]) => url.includes("/subject-access/"))
    .flatMap(([, { bytes }]) => new TextDecoder().decode(gunzipSync(bytes)).trim().split("\n"))
    .map((line) => (JSON.parse(line) as { userId: string }).userId);
}

describe("a request for access", () => {
  it("copies the user's events out of files and out of what waits, and nobody else's", async () => {
    await send(["u1", "u2", "u11"]);

    const { files } = await finished(`${PATH}/${await ask(["u1"])}`);

    expect([exported(), files]).toMatchObject([["u1"], [{ number: 1, events: 1 }]]);
  });

  it("goes on after an eviction while the bucket does not answer", async () => {
    await send(["u1"]);
    s3.intercept = () => new Response(null, { status: 503 });
    const id = await ask(["u1"]);
    await runDurableObjectAlarm(workspace());
    await evictDurableObject(workspace());
    s3.intercept = () => undefined;

    await finished(`${PATH}/${id}`);

    expect(exported()).toEqual(["u1"]);
  });

  it("makes no file of a user without events", async () => {
    await send(["u2"]);

    const { files } = await finished(`${PATH}/${await ask(["u1"])}`);

    expect([files, exported()]).toEqual([[], []]);
  });

  it("names nobody in its answer, nor in the audit chain", async () => {
    await send(["somebody@example.com"]);
    const shown = await finished(`${PATH}/${await ask(["somebody@example.com"])}`);

    const audit = (await call("GET", "/api/v1/audit", { token })).body;

    expect(JSON.stringify([shown, audit])).not.toContain("somebody");
  });

  it("expires with its files", async () => {
    await send(["u1"]);
    const path = `${PATH}/${await ask(["u1"])}`;
    await finished(path);
    await runInDurableObject(workspace(), (_object, { storage }) => {
      const [row] = storage.sql
        .exec<{ body: string }>("SELECT body FROM subject_accesses")
        .toArray();
      const access = JSON.parse(row?.body ?? "") as { finishedAtMs: number };
      const body = JSON.stringify({ ...access, finishedAtMs: access.finishedAtMs - DAYS_8 });
      storage.sql.exec("UPDATE subject_accesses SET body = ?", body);
    });
    await runDurableObjectAlarm(workspace());

    expect([exported(), (await call("GET", path, { token })).status]).toEqual([[], 404]);
    // Whom it named is overwritten as well.
    const query = "SELECT times FROM soiled";
    const soiled = await runInDurableObject(workspace(), (_, { storage }) =>
      storage.sql.exec(query).toArray(),
    );
    expect(soiled).toEqual([{ times: 0 }]);
  });

  it("loses the files that a deletion finds its user in, and keeps others", async () => {
    await send(["u1", "u2"]);
    await finished(`${PATH}/${await ask(["u1"])}`);
    await finished(`${PATH}/${await ask(["u2"])}`);
    const body = { regulationType: "DELETE_ONLY", subjectType: "USER_ID", subjectIds: ["u1"] };
    const { id } = (await call("POST", "/api/v1/regulations", { token, body })).body;

    await finished(`/api/v1/regulations/${id}`);

    expect(exported()).toEqual(["u2"]);
  });

  it("lets no file with a deleted user land late", async () => {
    await send(["u1"]);
    let late = "";
    s3.intercept = (request) => {
      const isGivenUp = request.method === "PUT" && request.url.includes("eu-west-1");
      if (!isGivenUp || !request.url.includes("/subject-access/")) return undefined;
      late = request.url;
      return new Response(null, { status: 504 });
    };
    await finished(`${PATH}/${await ask(["u1"])}`);
    s3.intercept = () => undefined;
    const body = { regulationType: "DELETE_INTERNAL", subjectType: "USER_ID", subjectIds: ["u1"] };
    const { id } = (await call("POST", "/api/v1/regulations", { token, body })).body;
    await finished(`/api/v1/regulations/${id}`);

    const headers = { "if-none-match": "*" };
    const landed = await fetch(late, { method: "PUT", headers, body: "u1" });

    expect(landed.status).toBe(412);
  });

  it("is gone through from where the call before ended", async () => {
    await send(["u1"]);
    for (let i = 0; i < 2; i++) await finished(`${PATH}/${await ask(["u1"])}`);
    const [first = ""] = [...s3.objects.keys()]
      .filter((url) => url.includes("/subject-access/"))
      .toSorted();
    const after = first.slice(first.indexOf("subject-access/"));
    const archive = services.archive(sourceId);
    const request = {
      regulationId: newChildId("reg", workspaceOf(sourceId), (length) => new Uint8Array(length)),
      subjectType: "USER_ID",
      subjectIds: ["u1"],
      fingerprintKey: "",
    } as const;

    const erased = await archive.eraseExports(request, JSON.stringify({ place: 0, after }));

    expect(erased).toEqual({ isOver: true, erased: 1 });
  });
});
