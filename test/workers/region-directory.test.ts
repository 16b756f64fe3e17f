import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { locate } from "../../src/region/placement.ts";
import { call, ENV, makeServices, makeWorkspace, OPERATOR } from "./support/api.ts";

const directory = () =>
  locate(ENV.REGION_DIRECTORY, { kind: "directory", region: "eu" }, "simulated");

describe("a creation that was cut off", () => {
  const options = {
    token: OPERATOR,
    body: { name: "Acme", region: "eu" },
    headers: { "idempotency-key": "cut-off" },
  };

  /** As if the object had died after the workspace was made and before it could note so. */
  async function cutOff(): Promise<void> {
    await runInDurableObject(directory(), (_, state) => {
      state.storage.sql.exec("UPDATE answers SET is_done = 0");
      state.storage.sql.exec("UPDATE workspaces SET is_created = 0");
    });
  }

  it("goes on with the same workspace and invite when it is repeated", async () => {
    const first = await call("POST", "/api/v1/workspaces", options);
    await cutOff();

    const second = await call("POST", "/api/v1/workspaces", options);

    expect(second.body).toEqual(first.body);
  });

  it("is not in the operator's list before it is repeated, and is after", async () => {
    await call("POST", "/api/v1/workspaces", options);
    await cutOff();

    const before = await call("GET", "/api/v1/workspaces", { token: OPERATOR });
    await call("POST", "/api/v1/workspaces", options);
    const after = await call("GET", "/api/v1/workspaces", { token: OPERATOR });

    expect([before.body.data.length, after.body.data.length]).toEqual([0, 1]);
  });
});

describe("pokeAll()", () => {
  it("pokes every workspace of its own region", async () => {
    for (let made = 0; made < 8; made++) await makeWorkspace("eu");
    await makeWorkspace("us");

    expect(await makeServices().directory("eu").pokeAll()).toEqual({ poked: 8, failed: 0 });
  });
});

describe("an object reached by a name of another region", () => {
  it("refuses to serve", async () => {
    const { id } = await makeWorkspace("eu");
    const misplaced = ENV.WORKSPACE.getByName(`simulated:us:workspace:${id}`);

    await expect(runInDurableObject(misplaced, () => undefined)).rejects.toThrow(
      /outside_jurisdiction/,
    );
  });
});
