import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { CredentialTest } from "../../../../src/deliver/destinations.ts";
import { testKitCredentials } from "../../../../src/deliver/kit/kit-credentials.ts";
import { kitDeliverer } from "../../../../src/deliver/kit/kit-deliverer.ts";
import { deliveryOf } from "../../../support/kit/deliveries.ts";
import { Vendor } from "../../../support/kit/vendor.ts";

let vendor: Vendor;

beforeEach(() => {
  vendor = new Vendor();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function test(
  region: "eu" | "us",
  slug = "customerio",
  settings: Readonly<Record<string, unknown>> = { siteId: "site", apiKey: "key" },
): Promise<CredentialTest> {
  const ground = { slug, region, settings, declaredHosts: [], development: false };
  return testKitCredentials(ground, () => 0);
}

describe("testKitCredentials()", () => {
  it("asks the vendor where that is in the region", async () => {
    expect([await test("us"), vendor.asked.map(({ host }) => host)]).toEqual([
      { kind: "passed" },
      ["track.customer.io"],
    ]);
  });

  it("skips a test that would leave the region, and says so", async () => {
    expect([await test("eu"), vendor.asked]).toEqual([
      { kind: "skipped", reason: "The kit would ask a host outside of the region." },
      [],
    ]);
  });

  it("says the status with which the vendor refused", async () => {
    vendor.answer = () => new Response("", { status: 403 });

    expect(await test("us")).toEqual({ kind: "failed", code: "403" });
  });

  it("skips where the kit has no test", async () => {
    expect(await test("eu", "heap", { appId: "1" })).toEqual({
      kind: "skipped",
      reason: "The kit has no test for this destination.",
    });
  });
});

describe("a stale token", () => {
  const HUBSPOT = {
    slug: "hubspot",
    region: "us",
    settings: {
      accessToken: "stale",
      refreshToken: "refresh",
      oauthClientId: "client",
      oauthClientSecret: "secret",
    },
    declaredHosts: ["api.hubapi.com"],
    development: false,
    mappings: [
      {
        action: "upsertContact",
        trigger: 'type = "track"',
        fields: { email: "person@example.com" },
      },
    ],
    now: () => 0,
  } as const;

  function refuseStale(): void {
    vendor.answer = ({ path, headers }) => {
      if (path.includes("token")) return Response.json({ access_token: "fresh" });
      const isStale = headers.get("authorization") === "Bearer stale";
      return Response.json({}, { status: isStale ? 401 : 200 });
    };
  }

  it("is exchanged once, and the event sent with the fresh one", async () => {
    refuseStale();
    const deliverer = await kitDeliverer(HUBSPOT);

    const outcomes = await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect(outcomes).toEqual([{ kind: "delivered", status: 200 }]);
  });

  it("is exchanged once for all calls that it was refused for", async () => {
    refuseStale();
    const deliverer = await kitDeliverer(HUBSPOT);
    const calls = Array.from({ length: 6 }, () =>
      deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000)),
    );

    const outcomes = (await Promise.all(calls)).flat();

    const exchanges = vendor.asked.filter(({ path }) => path.includes("token"));
    expect(outcomes).toEqual(calls.map(() => ({ kind: "delivered", status: 200 })));
    expect(exchanges).toHaveLength(1);
  });

  it("is told to who keeps it", async () => {
    refuseStale();
    const kept: string[] = [];
    const onTokens = async ({ accessToken }: { readonly accessToken: string }): Promise<void> => {
      kept.push(accessToken);
    };
    const deliverer = await kitDeliverer({ ...HUBSPOT, onTokens });

    await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect(kept).toEqual(["fresh"]);
  });

  it("keeps its events waiting while no fresh one is given, and is the destination's alert", async () => {
    vendor.answer = ({ path }) => Response.json({}, { status: path.includes("token") ? 400 : 401 });
    const deliverer = await kitDeliverer(HUBSPOT);

    const outcomes = await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect([outcomes, deliverer.alert]).toEqual([
      [{ kind: "retry", code: "OAUTH_REFRESH_FAILED" }],
      "oauth_refresh_failed",
    ]);
  });

  it("is no alert while the vendor only does not answer", async () => {
    vendor.answer = ({ path }) => Response.json({}, { status: path.includes("token") ? 503 : 401 });
    const deliverer = await kitDeliverer(HUBSPOT);

    const outcomes = await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect([outcomes, deliverer.alert]).toEqual([[{ kind: "retry", code: "503" }], undefined]);
  });

  it("is no alert any more once a fresh one was given", async () => {
    vendor.answer = () => Response.json({}, { status: 401 });
    const deliverer = await kitDeliverer(HUBSPOT);
    await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));
    refuseStale();

    await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect(deliverer.alert).toBeUndefined();
  });

  it("stays where fresh ones are got outside of the region", async () => {
    refuseStale();
    const settings = { ...HUBSPOT.settings, accessToken: "pat-eu1-stale" };
    vendor.answer = () => new Response("", { status: 401 });
    const deliverer = await kitDeliverer({ ...HUBSPOT, region: "eu", settings });

    await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect(vendor.asked.map(({ path }) => path).filter((path) => /oauth/.test(path))).toEqual([]);
  });
});
