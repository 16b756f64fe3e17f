import { beforeEach, describe, expect, it } from "vitest";

import { handleApi } from "../../src/api/router.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import { call, CONFIG, makeServices, makeWorkspace, OPERATOR } from "./support/api.ts";

const EU_HOST = "events.eu1.example.com";
const ANY_HOST = "manage.example.com";

type Asked = {
  readonly path?: string;
  readonly method?: string;
  readonly token?: string;
  readonly host?: string;
  readonly body?: ReadableStream | string;
};

let id: WorkspaceId;
let token: string;
let counted: string[];

beforeEach(async () => {
  ({ id, token } = await makeWorkspace("eu"));
  counted = [];
});

/** A call of the management API that came in at that place, with the check switched on. */
async function ask(colo: string | undefined, asked: Asked = {}): Promise<Response> {
  const { path = "/api/v1/sources", method = "GET", host = ANY_HOST, body } = asked;
  const headers = new Headers({ "content-type": "application/json" });
  headers.set("authorization", `Bearer ${asked.token ?? token}`);
  const request = new Request(`https://${host}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  Object.defineProperty(request, "cf", { value: colo === undefined ? undefined : { colo } });
  const services = makeServices({
    config: { ...CONFIG, edgeCheck: true, hosts: new Map([[EU_HOST, "eu1"]]) },
    countEdge: (...edge) => void counted.push(edge.join(" ")),
  });
  const response = await handleApi(request, services);
  if (response === undefined) throw new Error("Cannot test: the path is not of the API");
  return response;
}

async function set(settings: Record<string, unknown>): Promise<void> {
  const answer = await call("PATCH", "/api/v1/workspace", { token, body: settings });
  expect(answer.status).toBe(200);
}

describe("a call for an eu workspace", () => {
  it("from a place in the eu is served and counted", async () => {
    const response = await ask("FRA");

    expect([response.status, counted]).toEqual([200, [`${id} FRA accepted`]]);
  });

  it.each([["IAD"], ["LHR"], [undefined]])("from %s is held, and counted", async (colo) => {
    const response = await ask(colo);

    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "outside_region", status: 503 });
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(counted).toEqual([`${id} ${colo ?? "unknown"} held`]);
  });

  it("is rejected where the workspace chose so", async () => {
    await set({ edgeAnswer: "reject" });

    const response = await ask("IAD");

    expect([response.status, response.headers.get("retry-after")]).toEqual([403, null]);
    expect(await response.json()).toMatchObject({ code: "outside_region", status: 403 });
    expect(counted).toEqual([`${id} IAD rejected`]);
  });

  it("is refused before its body is read", async () => {
    let isRead = false;
    const body = new ReadableStream(
      {
        pull: (controller) => {
          isRead = true;
          controller.enqueue(new TextEncoder().encode('{"name":"Site"}'));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );

    const response = await ask("IAD", { method: "POST", body });

    expect([response.status, isRead]).toEqual([503, false]);
  });

  it("with a token that does not hold is unauthenticated, and nobody's", async () => {
    const other = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");

    const response = await ask("IAD", { token: other });

    expect([response.status, counted]).toEqual([401, []]);
  });

  it("inside the region with a token that does not hold is not counted either", async () => {
    const other = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");

    const response = await ask("FRA", { token: other });

    expect([response.status, counted]).toEqual([401, []]);
  });
});

describe("a call for a us workspace", () => {
  beforeEach(async () => {
    ({ id, token } = await makeWorkspace("us"));
  });

  it("from elsewhere is served, and counted as transit once", async () => {
    const response = await ask("SIN");

    expect([response.status, counted]).toEqual([200, [`${id} SIN transit`]]);
  });

  it("from elsewhere is held when the workspace is strict", async () => {
    await set({ edgePolicy: "strict" });

    const response = await ask("SIN");

    expect([response.status, counted]).toEqual([503, [`${id} SIN held`]]);
  });

  it("from elsewhere is held at a host of eu, whatever the workspace allows", async () => {
    const response = await ask("SIN", { host: EU_HOST });

    expect([response.status, counted]).toEqual([503, [`${id} SIN held`]]);
  });
});

describe("at a host of eu, from elsewhere", () => {
  it.each(["/health", "/api/v1/regions", "/api/openapi.json"])(
    "%s is served: everybody may know it",
    async (path) => {
      const response = await ask("IAD", { host: EU_HOST, path });

      expect([response.status, counted]).toEqual([200, []]);
    },
  );

  it("the operator is held, and counted at the region", async () => {
    const response = await ask("IAD", {
      host: EU_HOST,
      path: "/api/v1/workspaces",
      token: OPERATOR,
    });

    expect([response.status, counted]).toEqual([503, ["eu IAD held"]]);
  });

  it("an invite is not redeemed", async () => {
    const asked = { host: EU_HOST, path: "/api/v1/invites/redeem", method: "POST", body: "{}" };

    const response = await ask("IAD", asked);

    expect([response.status, counted]).toEqual([503, ["eu IAD held"]]);
  });

  it("the operator is served at a host that is not strict", async () => {
    const response = await ask("IAD", { path: "/api/v1/workspaces", token: OPERATOR });

    expect(response.status).toBe(200);
  });
});
