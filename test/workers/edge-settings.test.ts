import { beforeEach, describe, expect, it } from "vitest";

import { reach } from "../../durable-objects/reach.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import type { EdgeCount } from "../../src/region/edge.ts";
import { call, CONFIG, ENV, makeWorkspace, OPERATOR } from "./support/api.ts";

const HOUR_MS = 3_600_000;
const THIS_HOUR_MS = Date.now() - (Date.now() % HOUR_MS);

let id: WorkspaceId;
let token: string;

beforeEach(async () => {
  ({ id, token } = await makeWorkspace("eu"));
});

async function set(settings: Record<string, unknown>): Promise<void> {
  const answer = await call("PATCH", "/api/v1/workspace", { token, body: settings });
  expect(answer.status).toBe(200);
}

describe("edge settings", () => {
  it.each([
    ["eu", "strict"],
    ["us", "transit"],
  ] as const)("%s: are %s and hold unless changed", async (region, edgePolicy) => {
    const made = await makeWorkspace(region);

    const { body } = await call("GET", "/api/v1/workspace", { token: made.token });

    expect(body.workspace).toMatchObject({ edgePolicy, edgeAnswer: "hold" });
  });

  it("may not be transit in eu", async () => {
    const body = { name: "Other", edgePolicy: "transit" };

    const refused = await call("PATCH", "/api/v1/workspace", { token, body });

    expect([refused.status, refused.body.code]).toEqual([422, "edge_policy_not_allowed"]);
  });

  it("are refused as a whole: the name beside them stays", async () => {
    const body = { name: "Other", edgePolicy: "transit" };
    const before = await call("GET", "/api/v1/workspace", { token });

    await call("PATCH", "/api/v1/workspace", { token, body });

    expect(await call("GET", "/api/v1/workspace", { token })).toMatchObject({ body: before.body });
  });

  it("are audited by the names of what changed", async () => {
    await set({ edgeAnswer: "reject" });

    const { body } = await call("GET", "/api/v1/audit?limit=200", { token });

    expect(body.data.at(-1)).toMatchObject({
      action: "workspace.update",
      subject: id,
      fields: ["edgeAnswer"],
    });
  });

  it("travel to Workers with the config of each source", async () => {
    const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    await set({ edgeAnswer: "reject" });

    const config = await reach(ENV, CONFIG).workspace(id).sourceConfig(made.body.source.id);

    expect(config?.edge).toEqual({ policy: "strict", answer: "reject" });
  });

  it("go along in the configuration, and a document without them changes none", async () => {
    await set({ edgeAnswer: "reject" });
    const { body: document } = await call("GET", "/api/v1/workspace/config", { token });
    const bare = { ...document, workspace: { name: document.workspace.name } };

    const { body } = await call("PUT", "/api/v1/workspace/config?plan=true", { token, body: bare });

    expect(document.workspace).toMatchObject({ edgePolicy: "strict", edgeAnswer: "reject" });
    expect(body.plan[0]).toMatchObject({ kind: "workspace", action: "unchanged" });
  });

  it("of a document from us are strict in eu, which the plan says", async () => {
    const us = await makeWorkspace("us");
    const { body: document } = await call("GET", "/api/v1/workspace/config", { token: us.token });

    const { body } = await call("PUT", "/api/v1/workspace/config", { token, body: document });

    const entry = body.plan.find((each: { kind: string }) => each.kind === "workspace");
    expect(entry.notes).toEqual(["Edge policy transit is not allowed in eu: strict stays."]);
    const held = await call("GET", "/api/v1/workspace", { token });
    expect(held.body.workspace.edgePolicy).toBe("strict");
  });
});

describe("counts by place", () => {
  const held = (count: number): EdgeCount => ({
    colo: "IAD",
    outcome: "held",
    hourMs: THIS_HOUR_MS,
    count,
  });

  it("of a workspace add up, and raise its alert", async () => {
    const workspace = reach(ENV, CONFIG).workspace(id);

    await workspace.addEdges([held(2)]);
    await workspace.addEdges([held(3)]);

    const { body } = await call("GET", "/api/v1/alerts", { token });
    const since = new Date(THIS_HOUR_MS).toISOString();
    expect(body.data).toEqual([{ code: "outside_region", subject: null, since, count: 5 }]);
  });

  it("of a workspace without refusals raise none", async () => {
    await reach(ENV, CONFIG)
      .workspace(id)
      .addEdges([{ ...held(2), outcome: "transit" }]);

    const { body } = await call("GET", "/api/v1/alerts", { token });

    expect(body.data).toEqual([]);
  });

  it("of a workspace that was never made are dropped", async () => {
    const nobody = `ws_eu_${"0".repeat(16)}` as WorkspaceId;

    await reach(ENV, CONFIG)
      .workspace(nobody)
      .addEdges([held(1)]);

    expect(
      await reach(ENV, CONFIG)
        .workspace(nobody)
        .sourceConfig("src_eu_x" as never),
    ).toBe(undefined);
  });

  it("of a region are shown to the operator", async () => {
    const directory = reach(ENV, CONFIG).directory("eu");
    const before = (await directory.edges(THIS_HOUR_MS))[0]?.count ?? 0;

    await directory.addEdges([held(2)]);
    await directory.addEdges([held(1)]);

    const { body } = await call("GET", "/api/v1/edge-refusals", { token: OPERATOR });
    expect(body.data).toContainEqual({
      region: "eu",
      colo: "IAD",
      outcome: "held",
      hour: new Date(THIS_HOUR_MS).toISOString(),
      count: before + 3,
    });
  });
});
