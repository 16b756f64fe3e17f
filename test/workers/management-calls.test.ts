import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { handleApi } from "../../src/api/router.ts";
import { locate } from "../../src/region/placement.ts";
import type { ApiServices } from "../../src/workspace/ports.ts";
import { call, ENV, makeServices, makeWorkspace, OPERATOR } from "./support/api.ts";

describe("Idempotency-Key", () => {
  it("gives the first answer again, token and all", async () => {
    const { token } = await makeWorkspace();
    const options = {
      token,
      body: { name: "CI", rights: ["editor"] },
      headers: { "idempotency-key": "abc-1" },
    };

    const first = await call("POST", "/api/v1/tokens", options);
    const second = await call("POST", "/api/v1/tokens", options);

    expect(second.body).toEqual(first.body);
  });

  it("makes one workspace however often the operator's call is repeated", async () => {
    const options = {
      token: OPERATOR,
      body: { name: "Acme", region: "eu" },
      headers: { "idempotency-key": "abc-2" },
    };

    const first = await call("POST", "/api/v1/workspaces", options);
    const second = await call("POST", "/api/v1/workspaces", options);

    expect(second.body).toEqual(first.body);
  });

  it("lets a lost answer to redeem be had again", async () => {
    const made = await call("POST", "/api/v1/workspaces", {
      token: OPERATOR,
      body: { name: "Acme", region: "eu" },
    });
    const options = {
      body: { invite: made.body.invite },
      headers: { "idempotency-key": "abc-3" },
    };

    const first = await call("POST", "/api/v1/invites/redeem", options);
    const second = await call("POST", "/api/v1/invites/redeem", options);

    expect(second.body.token).toBe(first.body.token);
  });

  it("is refused for another body", async () => {
    const { token } = await makeWorkspace();
    const headers = { "idempotency-key": "abc-4" };
    await call("POST", "/api/v1/sources", { token, body: { name: "A" }, headers });

    const second = await call("POST", "/api/v1/sources", { token, body: { name: "B" }, headers });

    expect([second.status, second.body.code]).toEqual([422, "idempotency_key_reused"]);
  });

  it("does not hold a refusal, so that the call can be made again once its reason is gone", async () => {
    const { token } = await makeWorkspace();
    const { body } = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
    const path = `/api/v1/sources/${body.source.id}/write-keys`;
    const options = { token, headers: { "idempotency-key": "abc-7" } };
    await call("POST", path, { token });
    const refused = await call("POST", path, options);
    await call("DELETE", `${path}/1`, { token });

    const made = await call("POST", path, options);

    expect([refused.status, made.status]).toEqual([409, 201]);
  });

  it("is refused while the operator's first call still runs", async () => {
    const options = {
      token: OPERATOR,
      body: { name: "Acme", region: "us" },
      headers: { "idempotency-key": "abc-5" },
    };

    const answers = await Promise.all([
      call("POST", "/api/v1/workspaces", options),
      call("POST", "/api/v1/workspaces", options),
    ]);

    expect(answers.map((answer) => answer.body.code)).toContain("idempotency_in_progress");
  });

  it("leaves nothing readable of a token in storage", async () => {
    const { id, token } = await makeWorkspace();
    const made = await call("POST", "/api/v1/tokens", {
      token,
      body: { name: "CI", rights: ["editor"] },
      headers: { "idempotency-key": "abc-6" },
    });
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");

    const stored = await runInDurableObject(object, (_, state) => {
      const [row] = state.storage.sql.exec("SELECT sealed FROM answers").toArray();
      return new TextDecoder().decode(row?.["sealed"] as ArrayBuffer);
    });

    expect(stored).not.toContain(made.body.token.slice(31));
  });
});

describe("faults", () => {
  it("of an object are answered 503 with Retry-After and none of their words", async () => {
    const { token } = await makeWorkspace();
    const fault = Object.assign(new Error("secret words"), { remote: true });
    const services = makeServices({
      workspaceAdmin: () => ({ describe: () => Promise.reject(fault) }) as never,
    } as Partial<ApiServices>);

    const answer = await call("GET", "/api/v1/workspace", { token, services });

    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(JSON.stringify(answer.body)).not.toContain("secret words");
  });

  it("of this Worker are answered 500 with a request id and none of their words", async () => {
    const { token } = await makeWorkspace();
    const services = makeServices({
      workspaceAdmin: () =>
        ({ describe: () => Promise.reject(new Error("secret words")) }) as never,
    } as Partial<ApiServices>);

    const answer = await call("GET", "/api/v1/workspace", { token, services });

    expect([answer.status, answer.body.code]).toEqual([500, "internal"]);
    expect(JSON.stringify(answer.body)).not.toContain("secret words");
  });

  it("of an object's own are told from those of this Worker", async () => {
    const { id, token } = await makeWorkspace();
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");
    await runInDurableObject(object, (_, state) => {
      state.storage.sql.exec("DROP TABLE tokens");
    });

    const answer = await call("GET", "/api/v1/workspace", { token });

    expect([answer.status, answer.body.code]).toEqual([503, "unavailable"]);
  });
});

describe("requests that are not understood", () => {
  it.each([
    ["GET", "/api/v1/nothing", {}, 404, "not_found"],
    ["POST", "/api/v1/workspace", {}, 405, "method_not_allowed"],
    ["GET", "/api/v1/workspace", {}, 401, "unauthenticated"],
  ] as const)("%s %s is answered %j %i %s", async (method, path, options, status, code) => {
    const answer = await call(method, path, options);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it("that are no JSON are answered 400", async () => {
    const { token } = await makeWorkspace();
    const request = new Request("https://homeport.example.com/api/v1/sources", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: `{"name": "secret`,
    });

    const response = await handleApi(request, makeServices());

    expect([response?.status, (await response?.text())?.includes("secret")]).toEqual([400, false]);
  });

  it("that are not declared as JSON are answered 415", async () => {
    const { token } = await makeWorkspace();

    const answer = await call("POST", "/api/v1/sources", {
      token,
      body: { name: "Site" },
      headers: { "content-type": "text/plain" },
    });

    expect([answer.status, answer.body.code]).toEqual([415, "unsupported_media_type"]);
  });

  it("that are over a megabyte are answered 413", async () => {
    const { token } = await makeWorkspace();

    const answer = await call("POST", "/api/v1/sources", {
      token,
      body: { name: "x".repeat(1_000_001) },
    });

    expect([answer.status, answer.body.code]).toEqual([413, "body_too_large"]);
  });
});
