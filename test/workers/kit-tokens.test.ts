import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import type { DestinationId, SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { call, CONFIG, ENV, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const US1_0 = { ingestRegion: "us1", shard: 0 } as const;
const SAMPLE = { event: { type: "track", event: "Tested", userId: "u1" } };

let token: string;
let sourceId: SourceId;
let destinationId: DestinationId;
/** The access token that the vendor takes; each exchange makes a new one. */
let exchanges: number;
let mayExchange: boolean;

beforeEach(async () => {
  exchanges = 0;
  mayExchange = true;
  new FakeS3().install().intercept = async (request) => {
    const { host, pathname } = new URL(request.url);
    if (host !== "api.hubapi.com") return undefined;
    if (pathname.includes("token")) {
      if (!mayExchange) return Response.json({}, { status: 400 });
      exchanges += 1;
      return Response.json({ access_token: `fresh-${exchanges}`, refresh_token: "next" });
    }
    const isFresh = request.headers.get("authorization") === `Bearer fresh-${exchanges}`;
    return Response.json({}, { status: isFresh ? 200 : 401 });
  };
  token = (await makeWorkspace("us")).token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  const destination = await call("POST", "/api/v1/destinations", {
    token,
    body: {
      name: "HubSpot",
      slug: "hubspot",
      sourceId,
      settings: {
        accessToken: "stale",
        refreshToken: "refresh",
        oauthClientId: "client",
        oauthClientSecret: "secret",
      },
      hosts: ["api.hubapi.com"],
      mappings: [
        {
          action: "upsertContact",
          trigger: 'type = "track"',
          fields: { email: "person@example.com" },
        },
      ],
    },
  });
  expect(destination.status, JSON.stringify(destination.body)).toBe(201);
  destinationId = destination.body.destination.id as DestinationId;
});

function sendTest() {
  return call("POST", `/api/v1/destinations/${destinationId}/test`, { token, body: SAMPLE });
}

function evictLane() {
  const name = { kind: "lane", destinationId, sourceId, ...US1_0 } as const;
  return evictDurableObject(locate(ENV.DELIVERY_LANE, name, CONFIG.jurisdictions));
}

describe("a refreshed token", () => {
  it("is what the next isolate begins with", async () => {
    await sendTest();
    await evictLane();

    const { body } = await sendTest();

    expect([body.state, exchanges]).toEqual(["delivered", 1]);
  });

  it("is shown nowhere", async () => {
    const { body } = await sendTest();

    expect(JSON.stringify(body)).not.toContain("fresh-1");
  });

  it("does not take the place of one that somebody gave meanwhile", async () => {
    await sendTest();
    exchanges = 7;
    await call("PATCH", `/api/v1/destinations/${destinationId}`, {
      token,
      body: { settings: { accessToken: "fresh-7" } },
    });
    await evictLane();

    const { body } = await sendTest();

    expect([body.state, exchanges]).toEqual(["delivered", 7]);
  });
});

describe("a refresh that fails", () => {
  it("is what the test of the destination shows", async () => {
    mayExchange = false;

    const { body } = await sendTest();

    expect(body).toMatchObject({ state: "retry", code: "OAUTH_REFRESH_FAILED" });
  });
});
