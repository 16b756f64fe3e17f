import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { newWorkspaceId, type WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

function creation(id: WorkspaceId, region: "eu" | "us") {
  return { id, name: "Acme", region, inviteSha256: "0".repeat(64), createdAtMs: 1 };
}

function objectOf(workspaceId: WorkspaceId) {
  return locate(ENV.WORKSPACE, { kind: "workspace", workspaceId }, CONFIG.jurisdictions);
}

describe("the region lock", () => {
  it("lets exactly one of two racing creations of the same id through", async () => {
    const id = newWorkspaceId("eu", random);
    const workspace = makeServices().workspaceAdmin(id);

    const answers = await Promise.all([
      workspace.create(creation(id, "eu")),
      workspace.create(creation(id, "eu")),
    ]);

    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
  });

  it("refuses a replayed creation, also of the same region, and keeps what was written", async () => {
    const id = newWorkspaceId("eu", random);
    const workspace = makeServices().workspaceAdmin(id);
    await workspace.create(creation(id, "eu"));

    const again = await workspace.create({ ...creation(id, "eu"), name: "Other" });

    expect(again).toEqual({ ok: false, error: { kind: "region-locked", region: "eu" } });
  });

  it("refuses a creation for another region than the id's", async () => {
    const id = newWorkspaceId("eu", random);

    const answer = await makeServices().workspaceAdmin(id).create(creation(id, "us"));

    expect(answer).toEqual({ ok: false, error: { kind: "region-locked", region: "eu" } });
  });

  it("holds in the table itself against a write of ours", async () => {
    const { id } = await makeWorkspace("eu");

    const write = runInDurableObject(objectOf(id), (_, state) => {
      state.storage.sql.exec("UPDATE workspace SET region = 'us'");
    });

    await expect(write).rejects.toThrow(/region_locked/);
  });

  it("holds in the table itself against a deletion and a second creation", async () => {
    const { id } = await makeWorkspace("eu");

    const removal = runInDurableObject(objectOf(id), (_, state) => {
      state.storage.sql.exec("DELETE FROM workspace");
    });

    await expect(removal).rejects.toThrow(/region_locked/);
  });

  it.each(["us", "eu", null, { to: "us" }])(
    "answers 409 to PATCH with region %j",
    async (region) => {
      const { token } = await makeWorkspace("eu");

      const patched = await call("PATCH", "/api/v1/workspace", { token, body: { region } });

      expect([patched.status, patched.body.code]).toEqual([409, "region_locked"]);
    },
  );

  it("answers 409 to a config that names a region for the workspace", async () => {
    const { token } = await makeWorkspace("eu");
    const { body } = await call("GET", "/api/v1/workspace/config", { token });

    const put = await call("PUT", "/api/v1/workspace/config", {
      token,
      body: { ...body, workspace: { ...body.workspace, region: "us" } },
    });

    expect([put.status, put.body.code]).toEqual([409, "region_locked"]);
  });

  it("keeps the region when a config of another region is applied", async () => {
    const { token } = await makeWorkspace("eu");
    const { body } = await call("GET", "/api/v1/workspace/config", { token });

    await call("PUT", "/api/v1/workspace/config", { token, body: { ...body, region: "us" } });

    const after = await call("GET", "/api/v1/workspace", { token });
    expect(after.body.workspace.region).toBe("eu");
  });
});

describe("an object that was never created", () => {
  it("writes no row for a made-up token", async () => {
    const id = newWorkspaceId("eu", random);
    const token = `tok_eu_${id.slice(6)}${"0".repeat(10)}_${"0".repeat(52)}`;

    const answer = await call("GET", "/api/v1/workspace", { token });

    const tables = await runInDurableObject(objectOf(id), (_, state) =>
      state.storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .toArray(),
    );
    expect([answer.status, tables]).toEqual([401, []]);
  });

  it("knows no source", async () => {
    const id = newWorkspaceId("us", random);

    const config = await makeServices()
      .workspace(id)
      .sourceConfig(`src_us_${id.slice(6)}${"0".repeat(10)}`);

    expect(config).toBeUndefined();
  });
});
