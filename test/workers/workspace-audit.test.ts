import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { AuditChainTable } from "../../durable-objects/storage/audit-chain-table.ts";
import { readExport } from "../../scripts/audit/read-export.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { isHeadSigned } from "../../src/workspace/audit-head.ts";
import { parseToken } from "../../src/workspace/secrets.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

let id: WorkspaceId;
let token: string;

beforeEach(async () => {
  ({ id, token } = await makeWorkspace("eu"));
});

function object() {
  return locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, CONFIG.jurisdictions);
}

async function actions(): Promise<readonly string[]> {
  const { body } = await call("GET", "/api/v1/audit", { token });
  return body.data.map((entry: { action: string }) => entry.action);
}

async function lastEntry() {
  const { body } = await call("GET", "/api/v1/audit", { token });
  return body.data.at(-1);
}

describe("what is recorded besides changes", () => {
  it("an export of the configuration", async () => {
    await call("GET", "/api/v1/workspace/config", { token });

    expect(await lastEntry()).toMatchObject({ action: "config.export", subject: id });
  });

  it("an export of the chain, which holds its own entry", async () => {
    const { body } = await call("GET", "/api/v1/audit/export", { token });

    expect(body).toContain('"action":"audit.export"');
  });

  it("a refused change of the region", async () => {
    await call("PATCH", "/api/v1/workspace", { token, body: { region: "us" } });

    expect(await lastEntry()).toMatchObject({ action: "region.refused", fields: ["region"] });
  });

  it("a refused change of the region by a config document", async () => {
    const { body } = await call("GET", "/api/v1/workspace/config", { token });
    const workspace = { ...body.workspace, region: "us" };
    await call("PUT", "/api/v1/workspace/config", { token, body: { ...body, workspace } });

    expect(await lastEntry()).toMatchObject({ action: "region.refused" });
  });

  it.each([
    ["ingestRegion", { ingestRegion: "us1" }],
    ["archiveLocations", { archiveLocations: ["us-west-2"] }],
    ["type", { type: "cloud-event" }],
  ])("a refused place of a source: its %s", async (field, draft) => {
    await call("POST", "/api/v1/sources", { token, body: { name: "Site", ...draft } });

    expect(await lastEntry()).toMatchObject({
      action: "placement.refused",
      subject: id,
      fields: [field],
    });
  });

  it("a second creation", async () => {
    const creation = { id, name: "Acme", region: "us", inviteSha256: "0", createdAtMs: 1 } as const;
    await makeServices().workspaceAdmin(id).create(creation);

    expect(await lastEntry()).toMatchObject({ action: "region.refused", actor: "operator" });
  });

  it("not a plan, which changes nothing and shows nothing new", async () => {
    const { body } = await call("GET", "/api/v1/workspace/config", { token });
    const before = await actions();
    await call("PUT", "/api/v1/workspace/config?plan=true", { token, body });

    expect(await actions()).toEqual(before);
  });
});

describe("noteReading()", () => {
  const note = (subject: string) => {
    const credential = parseToken(token);
    if (credential === undefined) throw new Error("Cannot test: no token");
    const { tokenId, sha256 } = credential;
    return makeServices()
      .workspaceAdmin(id)
      .noteReading({ credential: { tokenId, sha256 }, need: "events:read" }, subject);
  };

  it("records who read events of which source", async () => {
    await note(`src_eu_${id.slice(6)}0000000000`);

    expect(await lastEntry()).toMatchObject({
      action: "events.read",
      actor: token.slice(0, 33),
      subject: `src_eu_${id.slice(6)}0000000000`,
    });
  });

  it("takes no id but the workspace's, and writes nothing then", async () => {
    const before = await actions();

    const refused = await note("someone@example.com");

    expect([refused.ok, await actions()]).toEqual([false, before]);
  });
});

describe("GET /api/v1/audit", () => {
  it("carries the signed head, under the key that the chain names", async () => {
    const { body } = await call("GET", "/api/v1/audit", { token });

    const { at, algorithm: _algorithm, ...head } = body.head;
    expect(await isHeadSigned({ ...head, workspaceId: id, atMs: Date.parse(at) })).toBe(true);
    expect(body.data[1].fields).toEqual([`ed25519:${head.publicKey}`]);
  });

  it("gives a workspace without a key one, once", async () => {
    await runInDurableObject(object(), (_, { storage }) => {
      storage.sql.exec("DELETE FROM audit_keys");
    });

    const answers = await Promise.all([
      call("GET", "/api/v1/audit", { token }),
      call("GET", "/api/v1/audit", { token }),
    ]);

    expect(new Set(answers.map(({ body }) => body.head.publicKey)).size).toBe(1);
  });
});

describe("GET /api/v1/audit/export", () => {
  it("gives what the verifier accepts", async () => {
    for (let i = 0; i < 3; i++) await call("GET", "/api/v1/workspace/config", { token });

    const { body } = await call("GET", "/api/v1/audit/export", { token });

    expect(await readExport(new TextEncoder().encode(body))).toMatchObject({
      ok: true,
      value: { head: { workspaceId: id, seq: 7 } },
    });
  });

  it("gives all of a chain that is longer than one call brings", async () => {
    await runInDurableObject(object(), (_, { storage }) => {
      const chain = new AuditChainTable(storage.sql);
      const fact = { atMs: 1, actor: "operator", action: "workspace.update", subject: id };
      for (let i = 0; i < 2500; i++) chain.note({ ...fact, fields: ["name"] });
    });

    const { body } = await call("GET", "/api/v1/audit/export", { token });

    expect(await readExport(new TextEncoder().encode(body))).toMatchObject({
      ok: true,
      value: { head: { seq: 2504 } },
    });
  });

  it("is refused without a token of the workspace", async () => {
    const other = await makeWorkspace("us");
    const forged = token.slice(0, 34) + other.token.slice(34);

    expect((await call("GET", "/api/v1/audit/export", { token: forged })).status).toBe(401);
  });
});
