import { beforeEach, describe, expect, it } from "vitest";

import { CATALOGUE } from "../../src/deliver/catalogue/catalogue.ts";
import { call, makeWorkspace } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

const CONFIG_PATH = "/api/v1/workspace/config";
const FILTER = { title: "No b", if: 'messageId = "b"', actions: [{ type: "DROP" }] };

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
  const path = `/api/v1/destinations/${sink.destinationId}/filters`;
  await call("POST", path, { token: sink.token, body: FILTER });
});

async function exported() {
  return (await call("GET", CONFIG_PATH, { token: sink.token })).body;
}

async function apply(token: string, body: unknown, query = "") {
  const answer = await call("PUT", CONFIG_PATH + query, { token, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.plan as readonly Record<string, unknown>[];
}

async function destinationsOf(token: string) {
  return (await call("GET", "/api/v1/destinations", { token })).body.data;
}

describe("a configuration with destinations", () => {
  it("names the secrets that it does not hold", async () => {
    const { destinations } = await exported();

    expect(destinations).toMatchObject([
      { name: "Sink", slug: "webhook", sourceName: "web", secrets: ["secret"] },
    ]);
  });

  it("changes nothing where it was exported", async () => {
    const plan = await apply(sink.token, await exported());

    expect(plan.map(({ action }) => action)).toEqual(["unchanged", "unchanged", "unchanged"]);
  });

  it("makes them anew in another workspace, off until the secrets are given", async () => {
    const other = await makeWorkspace("eu");
    const plan = await apply(other.token, await exported());

    expect(plan.at(-1)).toMatchObject({
      action: "create",
      kind: "destination",
      notes: ["Off until its secrets are given again: secret."],
    });
    expect(await destinationsOf(other.token)).toMatchObject([
      { name: "Sink", enabled: false, secrets: [], filters: [FILTER] },
    ]);
  });

  it("carries no statement about hosts to another region", async () => {
    const other = await makeWorkspace("us");
    await apply(other.token, await exported());

    expect(await destinationsOf(other.token)).toMatchObject([{ enabled: false, hosts: [] }]);
  });

  it("lists a destination that cannot follow, with the reason, and makes the rest", async () => {
    const slug = CATALOGUE.find(({ eu }) => eu.level === "none")?.slug ?? "";
    const document = await exported();
    const [own] = document.destinations;
    const lost = { ...own, id: undefined, name: "Lost", slug, secrets: [], settings: {} };
    const other = await makeWorkspace("eu");

    const plan = await apply(other.token, { ...document, destinations: [lost, own] });

    const entries = plan.filter(({ kind }) => kind === "destination");
    expect(entries).toMatchObject([
      { name: "Lost", action: "not-applicable" },
      { name: "Sink", action: "create" },
    ]);
  });

  it("takes over a change, and only plans it when asked to", async () => {
    const document = await exported();
    const [own] = document.destinations;
    const changed = { ...document, destinations: [{ ...own, retryHours: 8 }] };

    const planned = await apply(sink.token, changed, "?plan=true");
    const before = await destinationsOf(sink.token);
    await apply(sink.token, changed);
    const after = await destinationsOf(sink.token);

    expect(planned.at(-1)).toMatchObject({ action: "update", fields: ["retryHours"] });
    expect([before[0].retryHours, after[0].retryHours]).toEqual([4, 8]);
  });

  it("takes off what it does not name, when it is asked to prune", async () => {
    const document = await exported();
    await apply(sink.token, { ...document, destinations: [] }, "?prune=true");

    expect(await destinationsOf(sink.token)).toEqual([]);
  });
});
