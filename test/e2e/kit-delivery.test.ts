import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

const WAIT_MS_MAX = 60_000;
const EVENTS = 25;

/** Hosts of both regions: whatever is sent to the wrong one is seen. */
const HOSTS = [
  "api.eu.amplitude.com",
  "api2.amplitude.com",
  "track-eu.customer.io",
  "track.customer.io",
];

const OF_REGION: Readonly<Record<HomeRegion, readonly string[]>> = {
  eu: ["api.eu.amplitude.com", "track-eu.customer.io"],
  us: ["api2.amplitude.com", "track.customer.io"],
};

const DESTINATIONS = [
  { name: "Amplitude", slug: "amplitude", settings: { apiKey: "key", secretKey: "secret" } },
  { name: "Customer.io", slug: "customerio", settings: { siteId: "site", apiKey: "key" } },
];

describe("Segment's destinations behind the built Worker", () => {
  let stack: Stack;
  let homeport: Homeport;
  const bodies = new Map<string, string[]>(HOSTS.map((host) => [host, []]));

  const vendor = async ({ url, body }: OutboundRequest): Promise<OutboundAnswer> => {
    bodies.get(url.host)?.push(body.toString("utf8"));
    const headers = { "content-type": "application/json" };
    return { status: 200, headers, body: Buffer.from("{}") };
  };

  beforeAll(async () => {
    const outbound = Object.fromEntries(HOSTS.map((host) => [host, vendor]));
    stack = await startStack({ vars: { SEAL_SECONDS: "2" }, outbound });
    homeport = openHomeport(stack);
  });

  afterAll(() => stack.stop());

  async function connect(source: TestSource): Promise<void> {
    for (const draft of DESTINATIONS) {
      const body = { ...draft, sourceId: source.id };
      const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", body);
      expect(made.status, JSON.stringify(made.body)).toBe(201);
    }
  }

  function seenAt(host: string, region: HomeRegion): number {
    const all = (bodies.get(host) ?? []).join("\n");
    return Array.from({ length: EVENTS }, (_, i) => `"${region}-user-${i}"`).filter((user) =>
      all.includes(user),
    ).length;
  }

  it.each(["eu", "us"] as const)("get events of a workspace in %s at its hosts", async (region) => {
    const source = await homeport.createSource(await homeport.createWorkspace(region));
    await connect(source);
    const batch = Array.from({ length: EVENTS }, (_, i) => ({
      type: "track",
      event: "Signed Up",
      userId: `${region}-user-${i}`,
      messageId: `${region}-${i}`,
      timestamp: new Date().toISOString(),
    }));

    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const sent = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });

    expect(sent.status).toBe(200);
    const until = Date.now() + WAIT_MS_MAX;
    while (Date.now() < until && OF_REGION[region].some((host) => seenAt(host, region) < EVENTS)) {
      await pause(100);
    }
    expect(HOSTS.map((host) => [host, seenAt(host, region)])).toEqual(
      HOSTS.map((host) => [host, OF_REGION[region].includes(host) ? EVENTS : 0]),
    );
  });

  it("are refused in a region without an endpoint, with what would do instead", async () => {
    const source = await homeport.createSource(await homeport.createWorkspace("eu"));

    const answer = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
      name: "Klaviyo",
      slug: "klaviyo",
      sourceId: source.id,
      settings: { api_key: "key" },
    });

    expect([answer.status, answer.body["code"]]).toEqual([422, "no_endpoint_in_region"]);
  });

  it("show the request of a test and its answer, and why credentials were not tested", async () => {
    const source = await homeport.createSource(await homeport.createWorkspace("eu"));
    const { token } = source.workspace;
    const draft = { ...DESTINATIONS[0], sourceId: source.id };
    const made = await homeport.api(token, "POST", "/api/v1/destinations", draft);
    const { id } = made.body["destination"] as { readonly id: string };

    const tested = await homeport.api(token, "POST", `/api/v1/destinations/${id}/test`, {});

    expect(tested.body).toMatchObject({
      state: "delivered",
      exchanges: [{ method: "POST", url: "https://api.eu.amplitude.com/2/httpapi", status: 200 }],
      credentials: { state: "skipped" },
    });
  });

  it("show what their mappings may say", async () => {
    const answered = await fetch(`${stack.url}/api/v1/catalog/destinations/amplitude`);
    const { actions, presets } = (await answered.json()) as {
      readonly actions: readonly { readonly action: string }[];
      readonly presets: readonly { readonly action: string }[];
    };

    const names = actions.map(({ action }) => action);
    expect(presets.every(({ action }) => names.includes(action)) && presets.length > 0).toBe(true);
  });

  it("show in the catalogue what is known of each region", async () => {
    const answered = await fetch(`${stack.url}/api/v1/catalog/destinations`);
    const { data } = (await answered.json()) as {
      readonly data: readonly { readonly slug: string; readonly regions: unknown }[];
    };

    expect(data.find(({ slug }) => slug === "amplitude")?.regions).toMatchObject({
      eu: { level: "vendor_endpoint", statement: { date: "2026-11-22" } },
    });
  });
});
