import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { messageIdsOf, openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { jsonOf, sendRaw, type RawAnswer } from "../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1", EDGE_CHECK: "on" }, cf: { colo: "FRA" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

/** The places of the requests that Miniflare is told about; it takes them from this header. */
function from(colo: string | undefined): Record<string, string> {
  return { "MF-CF-Blob": JSON.stringify(colo === undefined ? {} : { colo }) };
}

async function newSource(region: HomeRegion, settings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace(region), settings);
}

function send(
  host: string,
  { writeKey }: TestSource,
  colo: string | undefined,
  keyIn: "body" | "header" = "body",
): Promise<RawAnswer> {
  const event = { type: "track", event: "E", userId: "u", messageId: `from-${colo ?? "nowhere"}` };
  const basic = Buffer.from(`${writeKey}:`).toString("base64");
  return sendRaw(host, {
    path: "/v1/track",
    body: JSON.stringify(keyIn === "body" ? { ...event, writeKey } : event),
    headers: { ...from(colo), ...(keyIn === "body" ? {} : { authorization: `Basic ${basic}` }) },
  });
}

/** A call for the source's workspace that came in at that place. */
function ask(source: TestSource, path: string, colo: string | undefined): Promise<RawAnswer> {
  const headers = { ...from(colo), authorization: `Bearer ${source.workspace.token}` };
  return sendRaw(stack.url, { method: "GET", path, headers });
}

type Edges = readonly { readonly colo: string; readonly outcome: string; readonly count: number }[];

/** The edge places of the residency report, once they hold what is waited for. */
async function edgesOf(source: TestSource, wanted: string): Promise<string> {
  const seen = async (): Promise<string> => {
    const answer = await homeport.api(source.workspace.token, "GET", "/api/v1/residency");
    const edges = (answer.body["edges"] ?? []) as Edges;
    return edges.map(({ colo, outcome, count }) => `${colo} ${outcome} ${count}`).join(", ");
  };
  await expect.poll(seen, { timeout: 20_000 }).toContain(wanted);
  return seen();
}

describe("an eu host", () => {
  it.each(["IAD", "LHR", "ZRH", "QQQ", undefined])(
    "holds what came in at %s, and stores nothing",
    async (colo) => {
      const source = await newSource("eu");

      const answer = await send(homeport.hostOf("eu1"), source, colo);

      expect([answer.status, jsonOf(answer)["code"]]).toEqual([503, "outside_region"]);
      expect(await homeport.settledEvents(source)).toEqual([]);
    },
  );

  it("takes the same event when it is sent again from inside, once", async () => {
    const source = await newSource("eu");
    await send(homeport.hostOf("eu1"), source, "IAD");

    const answer = await send(homeport.hostOf("eu1"), source, "DUB");

    expect(answer.status).toBe(200);
    expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["from-DUB"]);
  });

  it("answers 403 where the workspace chose reject and the header says whose it is", async () => {
    const source = await newSource("eu");
    const { token } = source.workspace;
    await homeport.api(token, "PATCH", "/api/v1/workspace", { edgeAnswer: "reject" });

    const answer = await send(homeport.hostOf("eu1"), source, "IAD", "header");

    expect([answer.status, answer.headers["retry-after"]]).toEqual([403, undefined]);
  });

  it("shows what it held as the workspace's alert", async () => {
    const source = await newSource("eu");

    await send(homeport.hostOf("eu1"), source, "IAD", "header");

    const alerts = async (): Promise<unknown> => {
      const answer = await homeport.api(source.workspace.token, "GET", "/api/v1/alerts");
      return answer.body["data"];
    };
    await expect
      .poll(alerts, { timeout: 20_000 })
      .toEqual([{ code: "outside_region", subject: null, since: expect.any(String), count: 1 }]);
  });

  it("shows the operator what it held before it knew whose it was", async () => {
    const source = await newSource("eu");

    await send(homeport.hostOf("eu1"), source, "NRT");

    const refusals = async (): Promise<unknown> => {
      const path = "/api/v1/edge-refusals";
      return (await homeport.api(stack.operatorToken, "GET", path)).body["data"];
    };
    await expect
      .poll(refusals, { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ region: "eu", colo: "NRT", outcome: "held" }));
  });
});

describe("the places in the residency report", () => {
  it("name where an eu workspace's events were read", async () => {
    const source = await newSource("eu");

    await send(homeport.hostOf("eu1"), source, "DUB");
    await send(homeport.hostOf("eu1"), source, "DUB");

    expect(await edgesOf(source, "DUB accepted")).not.toMatch(/transit/);
  });

  it("name where a us workspace's events were read in transit", async () => {
    const source = await newSource("us");

    const answer = await send(homeport.hostOf("us1"), source, "SIN");

    expect(answer.status).toBe(200);
    await edgesOf(source, "SIN transit 1");
  });
});

describe("a strict us workspace", () => {
  it("holds what came in elsewhere and takes what came in at home", async () => {
    const source = await newSource("us");
    const { token } = source.workspace;
    await homeport.api(token, "PATCH", "/api/v1/workspace", { edgePolicy: "strict" });

    const away = await send(homeport.hostOf("us1"), source, "SIN");
    const home = await send(homeport.hostOf("us1"), source, "PDX");
    await send(homeport.hostOf("us1"), source, "IAD");

    expect([away.status, home.status]).toEqual([503, 200]);
    const events = await homeport.waitForEvents(source, 2);
    expect(messageIdsOf(events)).toEqual(["from-IAD", "from-PDX"]);
  });
});

describe("the management API", () => {
  it.each(["/api/v1/sources", "/api/v1/workspace", "/api/v1/audit"])(
    "%s of an eu workspace is held elsewhere and answered inside",
    async (path) => {
      const source = await newSource("eu");

      const away = await ask(source, path, "IAD");
      const inside = await ask(source, path, "AMS");

      expect([away.status, inside.status]).toEqual([503, 200]);
    },
  );
});
