import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { parseWriteKey } from "../../src/region/write-key.ts";
import { locate } from "../../src/region/placement.ts";
import { findBreak, type AuditEntry } from "../../src/workspace/audit.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

describe("sources", () => {
  it("are made with the defaults of an eu home and a key that says where it belongs", async () => {
    const { token } = await makeWorkspace("eu");

    const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });

    expect([made.status, made.body.source]).toEqual([
      201,
      expect.objectContaining({
        enabled: true,
        ingestRegion: "eu1",
        ingestGuarantee: "jurisdiction",
        shards: 1,
        rate: 1000,
        ip: "truncated",
        pixel: false,
        archiveLocations: ["eu-west-1", "eu-central-1"],
        retentionDays: 365,
      }),
    ]);
    expect(parseWriteKey(made.body.writeKey, (home) => CONFIG.writeKeySecrets[home])).toEqual({
      ok: true,
      value: { region: "eu", sourceId: made.body.source.id, version: 1 },
    });
  });

  it("have a schema once one is given, and none once it is taken away", async () => {
    const { token } = await makeWorkspace("eu");
    const schema = {
      events: { "Order Completed": ["total"] },
      unplannedEvents: "block",
      blockedEvents: [],
      unplannedProperties: "omit",
    };
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site", schema } });
    const path = `/api/v1/sources/${made.body.source.id}`;

    const taken = await call("PATCH", path, { token, body: { schema: null } });

    expect([made.body.source.schema, taken.body.source.schema]).toEqual([schema, null]);
  });

  it.each([
    ["eu", { ingestRegion: "us1" }, "ingest_region_not_allowed"],
    ["eu", { ingestRegion: "ap1" }, "ingest_region_not_allowed"],
    ["eu", { ingestRegion: "au1" }, "ingest_region_not_allowed"],
    ["eu", { type: "cloud-object" }, "source_type_not_in_region"],
    ["eu", { type: "cloud-event" }, "source_type_not_in_region"],
    ["eu", { archiveLocations: ["us-east-1"] }, "archive_location_not_allowed"],
    ["eu", { archiveLocations: ["eu-west-1", "eu-west-1"] }, "archive_location_not_allowed"],
    ["us", { archiveLocations: ["us-west-2", "eu-west-1"] }, "archive_location_not_allowed"],
    ["us", { ingestRegion: "mars" }, "invalid_request"],
    ["us", { shards: 3 }, "invalid_request"],
    ["us", { rate: 0 }, "invalid_request"],
    ["us", { archiveLocations: [] }, "invalid_request"],
    ["us", { retentionDays: 2 }, "invalid_request"],
    ["us", { schema: { unplannedEvents: "block" } }, "invalid_request"],
    ["us", { name: " " }, "invalid_request"],
  ] as const)("in %s refuse %j with %s", async (region, fields, code) => {
    const { token } = await makeWorkspace(region);

    const made = await call("POST", "/api/v1/sources", {
      token,
      body: { name: "Site", ...fields },
    });

    expect([made.status, made.body.code]).toEqual([422, code]);
  });

  it.each(["us1", "ap1", "au1"])("in eu cannot be moved to %s", async (ingestRegion) => {
    const { token } = await makeWorkspace("eu");
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    const path = `/api/v1/sources/${made.body.source.id}`;

    const changed = await call("PATCH", path, { token, body: { ingestRegion } });

    expect([changed.status, changed.body.code]).toEqual([422, "ingest_region_not_allowed"]);
    const { body } = await call("GET", path, { token });
    expect(body.source.ingestRegion).toBe("eu1");
  });

  it.each([
    ["us1", "jurisdiction"],
    ["eu1", "jurisdiction"],
    ["ap1", "best-effort"],
    ["au1", "best-effort"],
  ])("in us may wait in %s, by %s, which is shown", async (ingestRegion, ingestGuarantee) => {
    const { token } = await makeWorkspace("us");

    const made = await call("POST", "/api/v1/sources", {
      token,
      body: { name: "Site", ingestRegion },
    });

    expect(made.body.source).toMatchObject({ ingestRegion, ingestGuarantee });
  });

  it.each(["cloud-object", "cloud-event"])(
    "of type %s in eu are refused with the reason and what to take instead",
    async (type) => {
      const { token } = await makeWorkspace("eu");

      const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site", type } });

      expect(made.body.detail).toMatch(/pull from vendors outside of it.*a sync/);
    },
  );

  it("name a field that is none of theirs", async () => {
    const { token } = await makeWorkspace();

    const made = await call("POST", "/api/v1/sources", {
      token,
      body: { name: "Site", regoin: "eu" },
    });

    expect(made.body.errors).toEqual([{ path: "regoin", message: "is not a field of this call" }]);
  });

  it("rotate their keys: two live, then one", async () => {
    const { token } = await makeWorkspace();
    const { body } = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    const path = `/api/v1/sources/${body.source.id}/write-keys`;

    const second = await call("POST", path, { token });
    const third = await call("POST", path, { token });
    await call("DELETE", `${path}/1`, { token });

    const config = await makeServices()
      .workspace(body.source.id.replace(/^src_(..)_(.{16}).*/, "ws_$1_$2"))
      .sourceConfig(body.source.id);
    expect([second.body.version, third.body.code, config?.keyVersions]).toEqual([
      2,
      "too_many_write_keys",
      [2],
    ]);
  });

  it("raise their version with every change, so that queues tell new from old", async () => {
    const { id, token } = await makeWorkspace();
    const { body } = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });

    await call("PATCH", `/api/v1/sources/${body.source.id}`, { token, body: { enabled: false } });

    const config = await makeServices().workspace(id).sourceConfig(body.source.id);
    expect(config).toMatchObject({ version: 2, enabled: false });
  });

  it("are gone from the list once deleted, and the answer says what stays", async () => {
    const { token } = await makeWorkspace();
    const { body } = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });

    const removed = await call("DELETE", `/api/v1/sources/${body.source.id}`, { token });

    const list = await call("GET", "/api/v1/sources", { token });
    expect([removed.body.archivedData, list.body.data]).toEqual(["kept", []]);
  });

  it("are listed page by page, each once", async () => {
    const { token } = await makeWorkspace();
    for (const name of ["A", "B", "C"]) {
      await call("POST", "/api/v1/sources", { token, body: { name } });
    }

    const first = await call("GET", "/api/v1/sources?limit=2", { token });
    const second = await call(
      "GET",
      `/api/v1/sources?limit=2&after=${first.body.pagination.next}`,
      { token },
    );

    const names = [...first.body.data, ...second.body.data].map((source) => source.name);
    expect([names, second.body.pagination.next]).toEqual([["A", "B", "C"], null]);
  });
});

describe("the configuration", () => {
  it("moves to another region with a plan that says what changes", async () => {
    const [us, eu] = [await makeWorkspace("us"), await makeWorkspace("eu")];
    const body = { name: "Site", ingestRegion: "ap1", archiveLocations: ["us-east-1"] };
    await call("POST", "/api/v1/sources", { token: us.token, body });
    const exported = await call("GET", "/api/v1/workspace/config", { token: us.token });

    const put = await call("PUT", "/api/v1/workspace/config", {
      token: eu.token,
      body: exported.body,
    });

    const list = await call("GET", "/api/v1/sources", { token: eu.token });
    expect(put.body.plan.map((entry: { action: string }) => entry.action)).toEqual([
      "not-applicable",
      "unchanged",
      "create",
    ]);
    expect(list.body.data[0]).toMatchObject({
      ingestRegion: "eu1",
      archiveLocations: ["eu-central-1"],
    });
  });

  it("changes nothing when only a plan is asked for", async () => {
    const { token } = await makeWorkspace();
    const { body } = await call("GET", "/api/v1/workspace/config", { token });

    const put = await call("PUT", "/api/v1/workspace/config?plan=true", {
      token,
      body: { ...body, workspace: { name: "Other" } },
    });

    const after = await call("GET", "/api/v1/workspace", { token });
    expect([put.body.applied, put.body.plan[0].action, after.body.workspace.name]).toEqual([
      false,
      "update",
      "Acme",
    ]);
  });

  it("applied as exported changes nothing", async () => {
    const { token } = await makeWorkspace();
    await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    const { body } = await call("GET", "/api/v1/workspace/config", { token });

    const put = await call("PUT", "/api/v1/workspace/config?prune=true", { token, body });

    const actions = put.body.plan.map((entry: { action: string }) => entry.action);
    expect(new Set(actions)).toEqual(new Set(["unchanged"]));
  });

  it("is applied as a whole or not at all", async () => {
    const { id, token } = await makeWorkspace("us");
    await call("POST", "/api/v1/sources", { token, body: { name: "Fenced" } });
    const { body } = await call("GET", "/api/v1/workspace/config", { token });
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");
    await runInDurableObject(object, (_, state) => {
      state.storage.sql.exec(
        `UPDATE sources SET body = json_set(body, '$.route.state', 'fencing')`,
      );
    });

    const put = await call("PUT", "/api/v1/workspace/config", {
      token,
      body: {
        ...body,
        workspace: { name: "Other" },
        sources: [{ ...body.sources[0], shards: 8 }],
      },
    });

    const after = await call("GET", "/api/v1/workspace", { token });
    expect([put.body.code, after.body.workspace.name]).toEqual([
      "route_change_in_progress",
      "Acme",
    ]);
  });
});

describe("the audit chain", () => {
  it("holds every act in an unbroken chain, without a secret", async () => {
    const { token } = await makeWorkspace();
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    await call("PATCH", `/api/v1/sources/${made.body.source.id}`, { token, body: { rate: 5 } });

    const { body } = await call("GET", "/api/v1/audit", { token });

    const entries = body.data.map(({ at, ...entry }: { at: string }) => ({
      ...entry,
      atMs: Date.parse(at),
    })) as AuditEntry[];
    expect(entries.map((entry) => entry.action)).toEqual([
      "workspace.create",
      "audit-key.create",
      "token.create",
      "source.create",
      "source.update",
    ]);
    expect(findBreak(entries)).toBeUndefined();
    expect(JSON.stringify(body)).not.toContain(token.slice(31));
  });

  it("cannot be written over", async () => {
    const { id } = await makeWorkspace();
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");

    const write = runInDurableObject(object, (_, state) => {
      state.storage.sql.exec("UPDATE audit SET actor = 'nobody'");
    });

    await expect(write).rejects.toThrow(/audit_append_only/);
  });
});
