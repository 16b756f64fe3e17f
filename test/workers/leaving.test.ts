import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { homeBucketUrl, makeLeaver, type Leaver } from "./support/leaving.ts";
import { call, makeServices, makeWorkspace, OPERATOR } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);

let s3: FakeS3;
let nowMs: number;
let leaver: Leaver;

beforeEach(async () => {
  nowMs = NOW_MS;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  s3 = new FakeS3().install();
  leaver = await makeLeaver();
  leaver.fill(s3);
});

/** Lets that many days pass, and the workspace's alarm ring as often as it is due. */
async function pass(days: number): Promise<void> {
  nowMs += days * DAY_MS;
  for (let i = 0; i < 8; i++) {
    await runDurableObjectAlarm(leaver.workspaceStub());
    // As long as a PUT in doubt may still land.
    nowMs += 30 * 60_000;
  }
}

type Shown = {
  readonly state: string;
  readonly certificate: string;
  readonly certificateSha256: string;
};

async function leavingOf(path: string): Promise<Shown> {
  const { body } = await call("GET", path, { token: leaver.token });
  return body.leaving as Shown;
}

const remove = (path: string) => call("DELETE", path, { token: leaver.token });

describe("DELETE /api/v1/sources/:id", () => {
  it("refuses events at once, and says when the rest is deleted", async () => {
    const removed = await remove(leaver.sourcePath);

    expect([removed.body.leaving, await leaver.append("b")]).toMatchObject([
      { state: "grace", deletesAt: new Date(NOW_MS + 5 * DAY_MS).toISOString() },
      { kind: "refused" },
    ]);
  });

  it("deletes nothing within the five days", async () => {
    await remove(leaver.sourcePath);
    await pass(4);

    expect([
      (await leavingOf(leaver.leavingPath)).state,
      await leaver.keptIn(),
      leaver.filesIn(s3).length,
    ]).toEqual(["grace", ["queue", "lane", "archive", "archive-month", "replay"], 2]);
  });

  it("can be taken back within them, and takes events with the same key again", async () => {
    await remove(leaver.sourcePath);
    await pass(4);

    const restored = await call("POST", `${leaver.sourcePath}/restore`, { token: leaver.token });

    expect([restored.body.source.writeKeys[0].state, await leaver.append("b")]).toMatchObject([
      "live",
      { kind: "accepted", accepted: 1 },
    ]);
  });

  it("empties every object of the source after them", async () => {
    await remove(leaver.sourcePath);
    await pass(5);

    expect([(await leavingOf(leaver.leavingPath)).state, await leaver.keptIn()]).toEqual([
      "done",
      [],
    ]);
  });

  it("removes its files in every bucket of the platform, and no others", async () => {
    const other = `${homeBucketUrl("eu-west-1")}/segment-logs/src_eu_other/1/a.gz`;
    s3.put(other, new Uint8Array([1]));
    await remove(leaver.sourcePath);
    await pass(5);

    expect([...s3.objects.keys()].filter((url) => url.includes("/segment-"))).toEqual([other]);
  });

  it("removes a file whose PUT landed after its queue was emptied", async () => {
    await remove(leaver.sourcePath);
    nowMs += 5 * DAY_MS;
    await runDurableObjectAlarm(leaver.workspaceStub());
    s3.put(leaver.fileUrl("zzzz"), new Uint8Array([1]));
    await pass(0);

    expect(leaver.filesIn(s3)).toEqual([]);
  });

  it("gives a certificate whose hash stands in the audit chain", async () => {
    await remove(leaver.sourcePath);
    await pass(5);

    const leaving = await leavingOf(leaver.leavingPath);
    const { body } = await call("GET", "/api/v1/audit", { token: leaver.token });
    expect(body.data.at(-1)).toMatchObject({
      action: "source.erase",
      subject: leaver.sourceId,
      fields: [`sha256:${leaving.certificateSha256}`],
    });
    expect(JSON.parse(leaving.certificate)).toMatchObject({ files: 2, objects: 5 });
  });

  it("leaves no row of the source in its workspace but that it was", async () => {
    await remove(leaver.sourcePath);
    await pass(5);

    const rows = await runInDurableObject(leaver.workspaceStub(), (_, { storage }) =>
      ["sources", "queues", "destinations", "destination_secrets", "replays"].flatMap((table) =>
        storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
      ),
    );
    expect(rows).toEqual([]);
  });

  it("overwrites what storage still holds of its users' ids", async () => {
    await runInDurableObject(leaver.workspaceStub(), (_, { storage: { sql } }) => {
      sql.exec("CREATE TABLE scrubbed (id)");
      sql.exec(
        "CREATE TRIGGER scrubs AFTER INSERT ON scrub BEGIN INSERT INTO scrubbed VALUES (1); END",
      );
    });
    await remove(leaver.sourcePath);
    await pass(5);

    const rows = await runInDurableObject(leaver.workspaceStub(), (_, { storage }) =>
      storage.sql.exec("SELECT 1 FROM scrubbed LIMIT 1").toArray(),
    );
    expect(rows).toHaveLength(1);
  });

  it("stores nothing that comes in late, by a route that a Worker still remembers", async () => {
    await remove(leaver.sourcePath);
    await pass(5);

    await leaver.append("late").catch(() => undefined);

    expect(await leaver.keptIn()).toEqual([]);
  });

  it("waits for a deletion of users in the same archive, and shows it", async () => {
    const id = "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa";
    await makeServices().archive(leaver.sourceId).enterJob({ id, kind: "deletion" });
    await remove(leaver.sourcePath);
    await pass(5);

    expect(await leavingOf(leaver.leavingPath)).toMatchObject({ state: "waiting", waitsFor: id });
  });

  it("goes on after the bucket was out of reach", async () => {
    s3.intercept = (request) =>
      request.method === "POST" ? new Response(null, { status: 503 }) : undefined;
    await remove(leaver.sourcePath);
    await pass(5);
    const stuck = await leavingOf(leaver.leavingPath);
    s3.intercept = () => undefined;
    await pass(0);

    expect([stuck.state, (await leavingOf(leaver.leavingPath)).state]).toEqual(["erasing", "done"]);
  });

  it("cannot be taken back once it has begun", async () => {
    await remove(leaver.sourcePath);
    await pass(5);

    const restored = await call("POST", `${leaver.sourcePath}/restore`, { token: leaver.token });

    expect([restored.status, restored.body.code]).toEqual([409, "leaving_begun"]);
  });
});

describe("DELETE /api/v1/workspace", () => {
  it("refuses events of every source at once", async () => {
    await remove("/api/v1/workspace");

    expect(await leaver.append("b")).toEqual({ kind: "refused", code: "source_disabled" });
  });

  it("goes on in time, however often cron comes by meanwhile", async () => {
    const alarm = () =>
      runInDurableObject(leaver.workspaceStub(), (_, { storage }) => storage.getAlarm());
    await remove("/api/v1/workspace");
    nowMs += 5 * DAY_MS;
    await runDurableObjectAlarm(leaver.workspaceStub());
    const before = await alarm();
    nowMs += 4_000;
    await makeServices().workspace(leaver.workspaceId).poke();

    expect([typeof before, await alarm()]).toEqual(["number", before]);
  });

  it("can be taken back within five days", async () => {
    await remove("/api/v1/workspace");
    await pass(4);
    await call("POST", "/api/v1/workspace/restore", { token: leaver.token });

    expect(await leaver.append("b")).toMatchObject({ kind: "accepted", accepted: 1 });
  });

  it("leaves nothing of the workspace, its sources and its files but a mark", async () => {
    await remove("/api/v1/workspace");
    await pass(5);

    const tables = await runInDurableObject(leaver.workspaceStub(), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray(),
    );
    expect(tables.filter(({ name }) => !String(name).startsWith("_cf_"))).toEqual([
      { name: "tombstone" },
    ]);
    expect([await leaver.keptIn(), [...s3.objects.keys()]]).toEqual([[], []]);
  });

  it("writes no head of its audit chain any more once it has begun", async () => {
    await remove("/api/v1/workspace");
    nowMs += 5 * DAY_MS;
    await runDurableObjectAlarm(leaver.workspaceStub());
    s3.requests.length = 0;
    await runInDurableObject(leaver.workspaceStub(), (object) =>
      (object as unknown as { poke(): Promise<void> }).poke(),
    );

    await runDurableObjectAlarm(leaver.workspaceStub());

    expect(s3.requests.filter((request) => request.includes("/audit/"))).toEqual([]);
  });

  it("is forgotten by the operator's list, and leaves the operator a certificate", async () => {
    await remove("/api/v1/workspace");
    await pass(5);

    const { body } = await call("GET", "/api/v1/workspaces", { token: OPERATOR });
    const path = `/api/v1/workspaces/${leaver.workspaceId}/departure`;
    const departure = await call("GET", path, { token: OPERATOR });

    expect(body.data.filter(({ id }: { id: string }) => id === leaver.workspaceId)).toEqual([]);
    expect(JSON.parse(departure.body.certificate)).toMatchObject({
      kind: "homeport-workspace-deleted",
      subject: leaver.workspaceId,
      sources: [{ subject: leaver.sourceId }],
    });
  });

  it("cannot be created again, and its tokens open nothing", async () => {
    await remove("/api/v1/workspace");
    await pass(5);
    const { workspaceId: id, token } = leaver;

    const answer = await makeServices()
      .workspaceAdmin(id)
      .create({ id, name: "Acme", region: "eu", inviteSha256: "0", createdAtMs: 1 });
    const described = await call("GET", "/api/v1/workspace", { token });

    expect([answer.ok, described.status]).toEqual([false, 401]);
  });

  it("is finished by cron when the workspace was killed after its certificate", async () => {
    await remove("/api/v1/workspace");
    nowMs += 5 * DAY_MS;
    await leaver.certifyWithoutEmptying();
    await makeServices().directory("eu").pokeAll();

    const tables = await runInDurableObject(leaver.workspaceStub(), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'workspace'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("does not touch another workspace", async () => {
    const other = await makeWorkspace("eu");
    await remove("/api/v1/workspace");
    await pass(5);

    expect((await call("GET", "/api/v1/workspace", { token: other.token })).status).toBe(200);
  });
});
