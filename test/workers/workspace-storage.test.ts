import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { locate } from "../../src/region/placement.ts";
import type { Source } from "../../src/workspace/source.ts";
import { call, CONFIG, ENV, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const ROLE = "arn:aws:iam::111122223333:role/archives";
const OWN = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "customer-events",
  label: "eu-west-1-111122223333",
  access: { kind: "segment", role: ROLE },
  externalId: "ws_eu_0123456789abcdef",
} as const;

/** A source whose own bucket was verified at that time, in a workspace whose STS refuses everything. */
async function sourceVerifiedAt(atMs: number) {
  const s3 = new FakeS3().install();
  s3.intercept = () => new Response("<Code>AccessDenied</Code>", { status: 403 });
  const { id, token } = await makeWorkspace("eu");
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
  const sourceId = made.body.source.id as string;
  const name = { kind: "workspace", workspaceId: id } as const;
  const workspace = locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
  await runInDurableObject(workspace, (_, { storage }) => {
    const [row] = storage.sql
      .exec<{ body: string }>("SELECT body FROM sources WHERE id = ?", sourceId)
      .toArray();
    const source = JSON.parse(row?.body ?? "") as Source;
    const outcome = { state: "passed", atMs, steps: [] } as const;
    const held = {
      buckets: [OWN],
      named: 1,
      current: OWN.name,
      verified: { name: OWN.name, outcome },
    };
    const body = JSON.stringify({ ...source, storage: held });
    storage.sql.exec("UPDATE sources SET body = ? WHERE id = ?", body, sourceId);
  });
  const poke = () =>
    runInDurableObject(workspace, (object) =>
      (object as unknown as { poke(): Promise<void> }).poke(),
    );
  const storageNow = async () =>
    (await call("GET", `/api/v1/sources/${sourceId}/storage`, { token })).body;
  const alerts = async () => (await call("GET", "/api/v1/alerts", { token })).body.data;
  const sweep = (bucket: string, removeByAge = true) =>
    call("PUT", `/api/v1/sources/${sourceId}/storage/retention`, {
      token,
      body: { bucket, removeByAge },
    });
  return { s3, poke, storageNow, alerts, sweep };
}

describe("the daily verification of an own bucket", () => {
  it("finds out that it does not work any more, says so, and leaves it in use", async () => {
    const source = await sourceVerifiedAt(Date.now() - 25 * 3_600_000);

    await source.poke();

    await expect.poll(source.storageNow).toMatchObject({
      kind: "own",
      verification: { state: "failed" },
      failingSince: expect.any(String),
    });
    expect(await source.alerts()).toMatchObject([{ code: "own_bucket_failing", count: 1 }]);
  });

  it("asks nobody within a day of one that passed", async () => {
    const source = await sourceVerifiedAt(Date.now() - 3_600_000);

    await source.poke();

    expect(source.s3.requests.filter((request) => request.includes("sts."))).toEqual([]);
    expect(await source.storageNow()).toMatchObject({ verification: { state: "passed" } });
  });

  it("asks STS at the region's endpoint and at no other", async () => {
    const source = await sourceVerifiedAt(0);

    await source.poke();
    await expect.poll(source.storageNow).toMatchObject({ verification: { state: "failed" } });

    const asked = source.s3.requests.filter((request) => request.startsWith("POST "));
    expect([...new Set(asked)]).toEqual(["POST https://sts.eu-west-1.amazonaws.com/"]);
  });
});

describe("PUT /api/v1/sources/:id/storage/retention", () => {
  it("has files removed by age in the bucket that is named, and shows it", async () => {
    const source = await sourceVerifiedAt(Date.now());

    const answered = await source.sweep(OWN.bucket);

    expect([answered.body.removedByAge, (await source.storageNow()).removedByAge]).toEqual([
      [OWN.bucket],
      [OWN.bucket],
    ]);
  });

  it("takes no other name for it", async () => {
    const source = await sourceVerifiedAt(Date.now());

    const answered = await source.sweep("customer-event");

    expect([answered.status, answered.body.code]).toEqual([409, "storage_not_own"]);
  });
});
