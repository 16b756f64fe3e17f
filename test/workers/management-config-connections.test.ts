import { beforeEach, describe, expect, it } from "vitest";

import { call, makeWorkspace } from "./support/api.ts";

const CONFIG_PATH = "/api/v1/workspace/config";
const SETTINGS = {
  host: "db.abc.eu-central-1.rds.amazonaws.com",
  database: "shop",
  user: "reader",
  password: "hunter2",
};
const DECLARED = { ...SETTINGS, host: "db.example.com" };

let token: string;

beforeEach(async () => {
  token = (await makeWorkspace("eu")).token;
  await add({ name: "Shop", kind: "postgres", settings: SETTINGS });
});

async function add(draft: object): Promise<void> {
  await call("POST", "/api/v1/connections", { token, body: draft });
}

async function exported() {
  return (await call("GET", CONFIG_PATH, { token })).body;
}

async function apply(to: string, body: unknown, query = "") {
  const answer = await call("PUT", CONFIG_PATH + query, { token: to, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.plan as readonly Record<string, unknown>[];
}

async function connectionsOf(of: string) {
  return (await call("GET", "/api/v1/connections", { token: of })).body.data;
}

describe("a configuration with connections", () => {
  it("names the secrets that it does not hold", async () => {
    const document = await exported();

    expect(document.connections).toMatchObject([{ name: "Shop", secrets: ["password"] }]);
    expect(JSON.stringify(document)).not.toContain(SETTINGS.password);
  });

  it("changes nothing where it was exported", async () => {
    const plan = await apply(token, await exported());

    expect(plan.map(({ action }) => action)).toEqual(["unchanged", "unchanged"]);
  });

  it("makes them anew in another workspace, to be given their secrets", async () => {
    const other = await makeWorkspace("eu");

    const plan = await apply(other.token, await exported());

    expect(plan.at(-1)).toMatchObject({
      action: "create",
      kind: "connection",
      notes: ["Of no use until its secrets are given: password."],
    });
    expect(await connectionsOf(other.token)).toMatchObject([{ name: "Shop", secrets: [] }]);
  });

  it("lists those that cannot follow to the other region", async () => {
    await add({ name: "Own", kind: "postgres", settings: DECLARED, hosts: ["db.example.com"] });
    const other = await makeWorkspace("us");

    const plan = await apply(other.token, await exported());

    expect(plan.filter(({ kind }) => kind === "connection")).toMatchObject([
      { action: "not-applicable", notes: [expect.stringContaining("It cannot follow to us.")] },
      { action: "not-applicable", notes: [expect.stringContaining("It cannot follow to us.")] },
    ]);
    expect(await connectionsOf(other.token)).toEqual([]);
  });

  it("deletes what it does not name only when it is asked to", async () => {
    const document = { ...(await exported()), connections: [] };

    expect((await apply(token, document)).map(({ kind }) => kind)).not.toContain("connection");
    expect(await apply(token, document, "?prune=true")).toContainEqual(
      expect.objectContaining({ action: "delete", kind: "connection", name: "Shop" }),
    );
    expect(await connectionsOf(token)).toEqual([]);
  });

  it("is planned without being done", async () => {
    const [connection] = (await exported()).connections;
    const connections = [{ ...connection, name: "Store" }];

    const plan = await apply(token, { ...(await exported()), connections }, "?plan=true");

    expect(plan.at(-1)).toMatchObject({ action: "update", fields: ["name"] });
    expect(await connectionsOf(token)).toMatchObject([{ name: "Shop" }]);
  });
});
