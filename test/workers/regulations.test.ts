import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import { sipKey } from "../../src/core/siphash.ts";
import { hashUserId } from "../../src/ingest/event-hashes.ts";
import { locate } from "../../src/region/placement.ts";
import { workspaceOf } from "../../src/core/ids.ts";
import type { Services } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

let services: Services;
let sourceId: SourceId;
let token: string;

beforeEach(async () => {
  new FakeS3().install();
  services = makeServices();
  token = (await makeWorkspace("eu")).token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
});

/** Events of that user, as the Worker would hand them over. */
async function eventsOf(userId: string, messageIds: readonly string[]) {
  const config = await services.workspace(workspaceOf(sourceId)).sourceConfig(sourceId);
  const users = new Uint8Array(24 * messageIds.length);
  for (const i of messageIds.keys()) {
    hashUserId(sipKey(config?.fingerprintKey ?? ""), userId, users.subarray(24 * i, 24 * i + 8));
  }
  return appendOf(messageIds, { receivedAtMs: Date.now(), users });
}

async function regulate(body: Record<string, unknown>) {
  return call("POST", "/api/v1/regulations", { token, body: { subjectType: "USER_ID", ...body } });
}

/** Works on what is open until the regulation is over. */
async function finished(id: string): Promise<string> {
  const workspace = locate(
    ENV.WORKSPACE,
    { kind: "workspace", workspaceId: workspaceOf(sourceId) },
    CONFIG.jurisdictions,
  );
  for (let i = 0; i < 20; i++) {
    const { status } = (await call("GET", `/api/v1/regulations/${id}`, { token })).body;
    if (status !== "INITIALIZED" && status !== "RUNNING") return status;
    await runDurableObjectAlarm(workspace);
  }
  throw new Error("The regulation does not come to an end");
}

describe("a suppression", () => {
  it("is in force at a queue that was running once it is FINISHED", async () => {
    const queue = services.queue(sourceId, EU1_0);
    await queue.append(await eventsOf("u1", ["a"]));
    const made = await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });
    expect(await finished(made.body.id)).toBe("FINISHED");

    expect(await queue.append(await eventsOf("u1", ["b"]))).toMatchObject({ accepted: 0 });
  });

  it("is in force at a queue that begins after it", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });

    const answer = await services.queue(sourceId, EU1_0).append(await eventsOf("u1", ["a"]));

    expect(answer).toMatchObject({ accepted: 0, duplicates: 0 });
  });

  it("is in force at a queue that starts again", async () => {
    const queue = services.queue(sourceId, EU1_0);
    await queue.append(await eventsOf("u2", ["a"]));
    const made = await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });
    await finished(made.body.id);
    const name = { kind: "queue", sourceId, ...EU1_0 } as const;
    await evictDurableObject(locate(ENV.INGEST_QUEUE, name, CONFIG.jurisdictions));

    expect(await queue.append(await eventsOf("u1", ["b"]))).toMatchObject({ accepted: 0 });
  });

  it("does not touch other users", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });

    const answer = await services.queue(sourceId, EU1_0).append(await eventsOf("u11", ["a"]));

    expect(answer).toMatchObject({ accepted: 1 });
  });

  it("ends with UNSUPPRESS", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });
    const lifted = await regulate({ regulationType: "UNSUPPRESS", subjectIds: ["u1"] });
    await finished(lifted.body.id);

    const answer = await services.queue(sourceId, EU1_0).append(await eventsOf("u1", ["a"]));

    expect(answer).toMatchObject({ accepted: 1 });
  });

  it("of the workspace is not lifted for one source", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"] });

    const lifted = await regulate({ regulationType: "UNSUPPRESS", subjectIds: ["u1"], sourceId });

    expect([lifted.status, lifted.body.code]).toEqual([409, "suppressed_in_workspace"]);
  });

  it("of one source does not hold in another", async () => {
    const other = await call("POST", "/api/v1/sources", { token, body: { name: "app" } });
    const otherId = other.body.source.id as SourceId;
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1"], sourceId: otherId });

    const answer = await services.queue(sourceId, EU1_0).append(await eventsOf("u1", ["a"]));

    expect(answer).toMatchObject({ accepted: 1 });
  });

  it("is listed and found", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["u1", "u2", "u1"] });
    const search = { token, body: { subjectType: "USER_ID", subjectIds: ["u2", "u3"] } };

    const listed = await call("GET", "/api/v1/suppressions", { token });
    const found = await call("POST", "/api/v1/suppressions/search", search);

    const shown = [listed, found].map(({ body }) =>
      body.data.map((each: { subjectId: string }) => each.subjectId),
    );
    expect(shown).toEqual([["u1", "u2"], ["u2"]]);
  });

  it("names 5,000 users at most", async () => {
    const ids = Array.from({ length: 5_001 }, (_, i) => `u${i}`);

    const [most, more] = [
      await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ids.slice(1) }),
      await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ids }),
    ];

    expect([most.status, more.status]).toEqual([201, 422]);
  });

  it("leaves no id of a user in the audit chain", async () => {
    await regulate({ regulationType: "SUPPRESS_ONLY", subjectIds: ["somebody@example.com"] });

    const audit = await call("GET", "/api/v1/audit", { token });

    expect(JSON.stringify(audit.body)).not.toContain("somebody");
  });
});
