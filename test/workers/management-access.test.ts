import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { locate } from "../../src/region/placement.ts";
import { call, ENV, makeWorkspace, OPERATOR } from "./support/api.ts";

describe("workspaces", () => {
  it("are made by the operator in the region asked for", async () => {
    const made = await call("POST", "/api/v1/workspaces", {
      token: OPERATOR,
      body: { name: "Acme", region: "eu" },
    });

    expect([made.status, made.body]).toEqual([
      201,
      {
        workspace: {
          id: expect.stringMatching(/^ws_eu_[0-9a-z]{16}$/),
          name: "Acme",
          region: "eu",
          createdAt: expect.stringMatching(/Z$/),
        },
        invite: expect.stringMatching(/^inv_eu_[0-9a-z]{16}_[0-9a-z]{52}$/),
      },
    ]);
  });

  it("are listed over both regions", async () => {
    const us = await makeWorkspace("us");
    const eu = await makeWorkspace("eu");

    const list = await call("GET", "/api/v1/workspaces", { token: OPERATOR });

    expect(list.body.data.map((entry: { id: string }) => entry.id)).toEqual([us.id, eu.id]);
  });

  it("refuse an unknown region", async () => {
    const made = await call("POST", "/api/v1/workspaces", {
      token: OPERATOR,
      body: { name: "Acme", region: "ap" },
    });

    expect([made.status, made.body.errors[0].path]).toEqual([422, "region"]);
  });

  it("show their new name in the operator's list", async () => {
    const { token } = await makeWorkspace("eu");
    await call("PATCH", "/api/v1/workspace", { token, body: { name: "New" } });

    const list = await call("GET", "/api/v1/workspaces", { token: OPERATOR });

    expect(list.body.data[0].name).toBe("New");
  });
});

describe("invites", () => {
  it("are redeemed once", async () => {
    const { invite } = await makeWorkspace();

    const again = await call("POST", "/api/v1/invites/redeem", { body: { invite } });

    expect([again.status, again.body.code]).toEqual([410, "invite_invalid"]);
  });

  it("expire", async () => {
    const made = await call("POST", "/api/v1/workspaces", {
      token: OPERATOR,
      body: { name: "Acme", region: "eu" },
    });
    const workspaceId = made.body.workspace.id;
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId }, "simulated");
    await runInDurableObject(object, (_, state) => {
      state.storage.sql.exec("UPDATE invites SET expires_at_ms = 1");
    });

    const redeemed = await call("POST", "/api/v1/invites/redeem", {
      body: { invite: made.body.invite },
    });

    expect(redeemed.status).toBe(410);
  });
});

describe("access", () => {
  it("keeps the operator out of a workspace", async () => {
    const answer = await call("GET", "/api/v1/workspace", { token: OPERATOR });

    expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
  });

  it("keeps an owner out of the operator's list", async () => {
    const { token } = await makeWorkspace();

    const answer = await call("GET", "/api/v1/workspaces", { token });

    expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
  });

  it("refuses a token whose secret differs in one character", async () => {
    const { token } = await makeWorkspace();
    const forged = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");

    const answer = await call("GET", "/api/v1/workspace", { token: forged });

    expect([answer.status, answer.body.code]).toEqual([401, "unauthenticated"]);
  });

  it("lets a viewer read and not write", async () => {
    const { token } = await makeWorkspace();
    const made = await call("POST", "/api/v1/tokens", {
      token,
      body: { name: "Look", rights: ["viewer"] },
    });
    const viewer = made.body.token as string;

    const read = await call("GET", "/api/v1/sources", { token: viewer });
    const write = await call("POST", "/api/v1/sources", { token: viewer, body: { name: "No" } });

    expect([read.status, write.status]).toEqual([200, 403]);
  });

  it("ends with the token's expiry", async () => {
    const { id, token } = await makeWorkspace();
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");
    await runInDurableObject(object, (_, state) => {
      state.storage.sql.exec("UPDATE tokens SET expires_at_ms = 1");
    });

    const answer = await call("GET", "/api/v1/workspace", { token });

    expect(answer.status).toBe(401);
  });

  it("ends with the token's revocation", async () => {
    const { token } = await makeWorkspace();
    const made = await call("POST", "/api/v1/tokens", {
      token,
      body: { name: "Short", rights: ["editor"] },
    });
    await call("DELETE", `/api/v1/tokens/${made.body.id}`, { token });

    const answer = await call("GET", "/api/v1/workspace", { token: made.body.token });

    expect(answer.status).toBe(401);
  });

  it("cannot be ended for the last owner", async () => {
    const { token } = await makeWorkspace();
    const list = await call("GET", "/api/v1/tokens", { token });

    const answer = await call("DELETE", `/api/v1/tokens/${list.body.data[0].id}`, { token });

    expect([answer.status, answer.body.code]).toEqual([409, "last_owner_token"]);
  });

  it("keeps one workspace's token out of another's sources", async () => {
    const [mine, theirs] = [await makeWorkspace(), await makeWorkspace()];
    const made = await call("POST", "/api/v1/sources", {
      token: theirs.token,
      body: { name: "Site" },
    });

    const answer = await call("GET", `/api/v1/sources/${made.body.source.id}`, {
      token: mine.token,
    });

    expect(answer.status).toBe(404);
  });
});
