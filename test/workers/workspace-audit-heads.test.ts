import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { parseHead } from "../../scripts/audit/read-export.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { dayOf, isHeadSigned } from "../../src/workspace/audit-head.ts";
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

    const written = s3.requests.filter((line) => line.startsWith("PUT "));
    expect(written).toEqual([`PUT ${fileAt(DUBLIN)}`]);
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
      [{ code: "audit_head_waiting", subject: null, since: expect.any(String), count: 1 }],
    ]);
  });
});
