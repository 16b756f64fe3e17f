import { afterEach, describe, expect, it, vi } from "vitest";

import { kitDeliverer } from "../../src/deliver/kit/kit-deliverer.ts";

const EVENT = {
  type: "track",
  event: "Signed Up",
  userId: "user-1",
  messageId: "message-1",
  timestamp: "2026-11-22T10:00:00.000Z",
  properties: { plan: "pro" },
  context: {},
};

/** Of different vendors, with and without batches, tokens and clients of their own. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  amplitude: { apiKey: "key", secretKey: "secret" },
  customerio: { siteId: "site", apiKey: "key" },
  mixpanel: { projectToken: "token", apiSecret: "secret" },
  posthog: { api_key: "key", project_id: "1" },
  recombee: { databaseId: "db", privateToken: "token" },
};

const EU_HOSTS: Readonly<Record<string, string>> = {
  amplitude: "api.eu.amplitude.com",
  customerio: "track-eu.customer.io",
  mixpanel: "api-eu.mixpanel.com",
  posthog: "eu.i.posthog.com",
  recombee: "rapi-eu-west.recombee.com",
};

const MAPPINGS: Readonly<Record<string, readonly unknown[]>> = {
  recombee: [
    {
      action: "addBookmark",
      trigger: 'type = "track"',
      fields: { userId: "u", itemId: "i", timestamp: "2026-11-22T10:00:00Z" },
    },
  ],
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the destination kit in workerd", () => {
  it.each(Object.keys(SETTINGS))("delivers to %s at its host of the region", async (slug) => {
    const hosts: string[] = [];
    vi.stubGlobal("fetch", async (request: Request) => {
      hosts.push(new URL(request.url).host);
      await request.arrayBuffer();
      return Response.json({ status: "ok" });
    });
    const deliverer = await kitDeliverer({
      slug,
      region: "eu",
      settings: SETTINGS[slug] ?? {},
      mappings: MAPPINGS[slug] ?? [],
      declaredHosts: [],
      development: false,
      now: () => 0,
    });

    const outcomes = await deliverer.deliver(
      [{ event: EVENT, idempotencyKey: "key" }],
      AbortSignal.timeout(5_000),
    );

    expect([outcomes.map(({ kind }) => kind), [...new Set(hosts)]]).toEqual([
      ["delivered"],
      [EU_HOSTS[slug]],
    ]);
  });
});
