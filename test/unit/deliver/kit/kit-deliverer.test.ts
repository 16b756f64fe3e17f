import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Deliverer, DeliveryOutcome } from "../../../../src/deliver/deliverer.ts";
import { kitDeliverer, type KitDelivererInput } from "../../../../src/deliver/kit/kit-deliverer.ts";
import { deliveryOf } from "../../../support/kit/deliveries.ts";
import { Vendor } from "../../../support/kit/vendor.ts";

const AMPLITUDE: Pick<KitDelivererInput, "slug" | "settings"> = {
  slug: "amplitude",
  settings: { apiKey: "key", secretKey: "secret" },
};

const MIXPANEL = {
  slug: "mixpanel",
  settings: { projectToken: "token", apiSecret: "secret" },
} as const;

let vendor: Vendor;

beforeEach(() => {
  vendor = new Vendor();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function make(input: Partial<KitDelivererInput> = {}): Promise<Deliverer> {
  return kitDeliverer({
    ...AMPLITUDE,
    region: "eu",
    mappings: [],
    declaredHosts: [],
    development: false,
    now: () => Date.parse("2026-11-22T10:00:00Z"),
    ...input,
  });
}

async function deliverOne(deliverer: Deliverer): Promise<DeliveryOutcome | undefined> {
  return (await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000)))[0];
}

describe("kitDeliverer()", () => {
  it.each([
    ["eu", "api.eu.amplitude.com"],
    ["us", "api2.amplitude.com"],
  ] as const)("sends from %s to %s", async (region, host) => {
    await deliverOne(await make({ region }));

    expect(vendor.asked.map((asked) => asked.host)).toEqual([host]);
  });

  it("chooses the region itself, whatever the settings say", async () => {
    const settings = { ...AMPLITUDE.settings, endpoint: "north_america" };

    await deliverOne(await make({ settings }));

    expect(vendor.asked.map(({ host }) => host)).toEqual(["api.eu.amplitude.com"]);
  });

  it("sends nothing when no mapping takes the event", async () => {
    const mappings = [{ action: "logEventV2", trigger: 'event = "Other"', fields: {} }];

    const outcome = await deliverOne(await make({ mappings }));

    expect([outcome, vendor.asked]).toEqual([
      { kind: "filtered", code: "NO_MATCHING_MAPPING" },
      [],
    ]);
  });

  it("leaves the event as it was", async () => {
    const delivery = deliveryOf();
    const before = structuredClone(delivery);

    await (await make()).deliver([delivery], AbortSignal.timeout(5_000));

    expect(delivery).toEqual(before);
  });

  it.each([
    [503, { kind: "retry", code: "503" }],
    [429, { kind: "retry", code: "429", retryAfterMs: 7_000 }],
    [501, { kind: "rejected", code: "501" }],
    [400, { kind: "rejected", code: "400" }],
    [401, { kind: "rejected", code: "401" }],
  ])("makes of the answer %i what the retry rules say", async (status, expected) => {
    vendor.answer = () => new Response("", { status, headers: { "retry-after": "7" } });

    const outcome = await deliverOne(await make());

    expect(outcome).toEqual({ ...expected, ...(status === 503 ? { retryAfterMs: 7_000 } : {}) });
  });

  it("tries again what the network lost", async () => {
    vendor.answer = () => Promise.reject(new TypeError("fetch failed"));

    expect(await deliverOne(await make())).toEqual({ kind: "retry", code: "ECONNRESET" });
  });

  it("tries again what was not answered in time", async () => {
    vendor.answer = () => Promise.reject(new DOMException("Too late", "TimeoutError"));

    expect(await deliverOne(await make())).toEqual({ kind: "retry", code: "ETIMEDOUT" });
  });

  it("prints nothing", async () => {
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => undefined),
    );
    vendor.answer = () => new Response("not what it hoped for", { status: 400 });

    await deliverOne(await make());

    expect(spies.flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  it("names wrong settings and quotes none of them", async () => {
    const settings = { apiKey: "a-secret", secretKey: { not: "text" } };

    const made = make({ settings });

    await expect(made).rejects.toThrow(/^Cannot make the destination amplitude: invalid_settings/);
    await expect(made).rejects.not.toThrow("a-secret");
  });

  it.each([
    ["an action that does not exist", { action: "none", trigger: 'type = "track"', fields: {} }],
    ["a trigger that is not FQL", { action: "logEventV2", trigger: "type =", fields: {} }],
    [
      "a trigger that breaks off",
      { action: "logEventV2", trigger: 'type = "track" and', fields: {} },
    ],
    ["no fields", { action: "logEventV2", trigger: 'type = "track"' }],
  ])("refuses a mapping with %s", async (_, mapping) => {
    await expect(make({ mappings: [mapping] })).rejects.toThrow(
      "Cannot use the mappings: number 1",
    );
  });
});

describe("a destination that takes many events", () => {
  const mappings = [
    {
      action: "trackEvent",
      trigger: 'type = "track"',
      fields: { event: { "@path": "$.event" }, enable_batching: true, distinct_id: "d" },
    },
  ];

  it("sends them in one request", async () => {
    const deliverer = await make({ ...MIXPANEL, mappings });

    await deliverer.deliver([deliveryOf(), deliveryOf()], AbortSignal.timeout(5_000));

    expect(vendor.asked).toHaveLength(1);
  });

  it("takes as many as the action says when the mapping does not", async () => {
    const settings = { api_key: "key", endpoint: "https://rest.fra-01.braze.eu" };
    const [mapping] = [{ action: "trackEvent", trigger: 'type = "track"', fields: {} }];

    const { batch } = await make({ slug: "braze", settings, mappings: [mapping] });

    expect(batch.events).toBe(75);
  });

  it("takes fewer where another mapping sends them one by one", async () => {
    const alone = { ...mappings[0], fields: { ...mappings[0]?.fields, enable_batching: false } };

    const { batch } = await make({ ...MIXPANEL, mappings: [...mappings, alone] });

    expect(batch.events).toBe(50);
  });

  it("rejects the one that does not fit, and sends the others", async () => {
    const deliverer = await make({ ...MIXPANEL, mappings });
    const events = [deliveryOf(), deliveryOf({ event: undefined }), deliveryOf()];

    const outcomes = await deliverer.deliver(events, AbortSignal.timeout(5_000));

    expect(outcomes.map(({ kind }) => kind)).toEqual(["delivered", "rejected", "delivered"]);
  });

  it("gives each event what the action says of it", async () => {
    const fields = {
      name: { "@path": "$.event" },
      time: { "@path": "$.timestamp" },
      external_id: { "@path": "$.userId" },
    };
    const settings = { api_key: "key", endpoint: "https://rest.fra-01.braze.eu" };
    const ofBraze = [{ action: "trackEvent", trigger: 'type = "track"', fields }];
    const deliverer = await make({ slug: "braze", settings, mappings: ofBraze });
    const events = [deliveryOf(), deliveryOf({ userId: undefined }), deliveryOf()];

    const outcomes = await deliverer.deliver(events, AbortSignal.timeout(5_000));

    expect(outcomes.map(({ kind }) => kind)).toEqual(["delivered", "rejected", "delivered"]);
  });

  it("finds the one for which the vendor refuses all of them", async () => {
    vendor.answer = ({ body }) => new Response("", { status: body.includes("Spoilt") ? 413 : 200 });
    const deliverer = await make({ ...MIXPANEL, mappings });
    const events = [deliveryOf(), deliveryOf(), deliveryOf({ event: "Spoilt" }), deliveryOf()];

    const outcomes = await deliverer.deliver(events, AbortSignal.timeout(5_000));

    expect(outcomes.map(({ kind }) => kind)).toEqual([
      "delivered",
      "delivered",
      "rejected",
      "delivered",
    ]);
  });

  it("answers for each event by its own place when only some are taken", async () => {
    const deliverer = await make({ ...MIXPANEL, mappings });
    const events = [deliveryOf({ type: "page" }), deliveryOf(), deliveryOf({ type: "page" })];

    const outcomes = await deliverer.deliver(events, AbortSignal.timeout(5_000));

    expect(outcomes.map(({ kind }) => kind)).toEqual(["filtered", "delivered", "filtered"]);
  });
});

describe("forget()", () => {
  it("asks the deletion host of the region", async () => {
    await (await make()).forget?.({ userId: "user-1" }, AbortSignal.timeout(5_000));

    expect(vendor.asked.map(({ host, path }) => host + path)).toEqual([
      "analytics.eu.amplitude.com/api/2/deletions/users",
    ]);
  });

  it("is not there for a destination that cannot", async () => {
    expect("forget" in (await make(MIXPANEL))).toBe(false);
  });

  it("says what the vendor answered", async () => {
    vendor.answer = () => new Response("", { status: 503 });
    const deliverer = await make();

    const outcome = await deliverer.forget?.({ userId: "user-1" }, AbortSignal.timeout(5_000));

    expect(outcome).toEqual({ kind: "retry", code: "503" });
  });
});

describe("what the destination's code sees", () => {
  const FACEBOOK = {
    slug: "facebook-conversions-api",
    region: "us",
    settings: { pixelId: "1", systemUserToken: "given" },
    declaredHosts: ["graph.facebook.com"],
    mappings: [
      {
        action: "pageView",
        trigger: 'type = "track"',
        fields: { event_time: "2026-11-22T10:00:00Z", user_data: { email: "a@example.com" } },
      },
    ],
  } as const;

  it("is the token of the settings where Segment has its own in the environment", async () => {
    vi.stubEnv("ACTIONS_FB_CAPI_SYSTEM_USER_TOKEN", "of the deployment");
    const mapping = {
      ...FACEBOOK.mappings[0],
      fields: {
        ...FACEBOOK.mappings[0].fields,
        action_source: "email",
      },
    };

    await deliverOne(await make({ ...FACEBOOK, mappings: [mapping] }));

    expect(vendor.asked.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer given",
    ]);
  });
});
