import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { AuditChainTable } from "../../durable-objects/storage/audit-chain-table.ts";
import { parseHead, readExport } from "../../scripts/audit/read-export.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { dayOf, isHeadSigned } from "../../src/workspace/audit-head.ts";
import { parseToken } from "../../src/workspace/secrets.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { errorXml, FakeS3 } from "./support/fake-s3.ts";

const DUBLIN = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";
const FRANKFURT = "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1";

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

describe("the daily head file", () => {
  const fileAt = (bucket: string) => `${bucket}/audit/${id}/${dayOf(Date.now())}.json`;
  let s3: FakeS3;

  beforeEach(() => {
    s3 = new FakeS3().install();
  });

  async function pokeAndRun(): Promise<void> {
    await makeServices().workspace(id).poke();
    await runDurableObjectAlarm(object());
  }

  function locations(): Promise<unknown[]> {
    return runInDurableObject(object(), (_, { storage }) =>
      storage.sql.exec("SELECT location FROM audit_heads").toArray(),
    );
  }

  it("is written to the home's first location, signed and verifiable", async () => {
    await pokeAndRun();

    const stored = s3.objects.get(fileAt(DUBLIN));
    const head = parseHead(new TextDecoder().decode(stored?.bytes));
    expect(head).toMatchObject({ workspaceId: id, seq: 3 });
    expect(head === undefined ? false : await isHeadSigned(head)).toBe(true);
  });

  it("is written once a day", async () => {
    await pokeAndRun();
    await call("GET", "/api/v1/workspace/config", { token });
    await pokeAndRun();

    expect(s3.requests).toEqual([`PUT ${fileAt(DUBLIN)}`]);
  });

  it("goes to the second location while the first is down", async () => {
    s3.intercept = ({ url }) =>
      url.startsWith(DUBLIN) ? errorXml(503, "ServiceUnavailable") : undefined;

    await pokeAndRun();

    expect([[...s3.objects.keys()], await locations()]).toEqual([
      [fileAt(FRANKFURT)],
      [{ location: "eu-central-1" }],
    ]);
  });

  it("waits while both are down, goes nowhere else, and is the same head afterwards", async () => {
    s3.intercept = () => errorXml(503, "ServiceUnavailable");
    await pokeAndRun();
    await call("GET", "/api/v1/workspace/config", { token });
    expect(await locations()).toEqual([{ location: null }]);
    s3.intercept = () => undefined;
    await evictDurableObject(object());

    await pokeAndRun();

    const text = new TextDecoder().decode(s3.objects.get(fileAt(DUBLIN))?.bytes);
    expect(parseHead(text)).toMatchObject({ seq: 3 });
    expect(s3.requests.every((line) => /eu-west-1|eu-central-1/.test(line))).toBe(true);
  });

  it("is found to be there when an earlier PUT had landed unseen", async () => {
    s3.intercept = () => errorXml(503, "ServiceUnavailable");
    await pokeAndRun();
    s3.intercept = () => undefined;
    await evictDurableObject(object());
    await pokeAndRun();
    const landed = new Map(s3.objects);
    await runInDurableObject(object(), (_, { storage }) => {
      storage.sql.exec("UPDATE audit_heads SET location = NULL");
    });

    await pokeAndRun();

    expect([new Map(s3.objects), await locations()]).toEqual([landed, [{ location: "eu-west-1" }]]);
  });

  it("is never written over a file of other bytes, nor beside it", async () => {
    s3.put(fileAt(DUBLIN), new TextEncoder().encode("other"));

    await pokeAndRun();

    expect([[...s3.objects.keys()], await locations()]).toEqual([
      [fileAt(DUBLIN)],
      [{ location: null }],
    ]);
  });

  it("raises an alert once it waited for an hour", async () => {
    s3.intercept = () => errorXml(503, "ServiceUnavailable");
    const hour = 3_600_000;
    await pokeAndRun();
    const early = await call("GET", "/api/v1/alerts", { token });
    await runInDurableObject(object(), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER audit_heads_kept");
      storage.sql.exec("UPDATE audit_heads SET at_ms = at_ms - ?", hour);
    });

    const late = await call("GET", "/api/v1/alerts", { token });

    expect([early.body.data, late.body.data]).toEqual([
      [],
      [{ code: "audit_head_waiting", since: expect.any(String), count: 1 }],
    ]);
  });
});
