import { describe, expect, it } from "vitest";

import { UNKNOWN_COLO } from "../../../src/region/edge.ts";
import {
  basic,
  codeOf,
  EU_HOST,
  EU_SOURCE,
  TestTracking,
  track,
  US_HOST,
  US_SOURCE,
  writeKeyOf,
  type TestOptions,
} from "../../support/tracking.ts";

const EU_WORKSPACE = `ws_eu_${EU_SOURCE.slice(7, 23)}`;
const US_WORKSPACE = `ws_us_${US_SOURCE.slice(7, 23)}`;
const EU_KEY = writeKeyOf(EU_SOURCE);
const US_KEY = writeKeyOf(US_SOURCE);

/** A body that notes when it is asked for its first byte. */
function watchedBody(): { readonly body: ReadableStream; isRead: boolean } {
  const watched = {
    isRead: false,
    body: new ReadableStream(
      {
        pull: (controller) => {
          watched.isRead = true;
          controller.enqueue(new TextEncoder().encode(JSON.stringify(track())));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    ),
  };
  return watched;
}

/** One event to `host`, with the key in the body. */
async function send(
  tracking: TestTracking,
  host: string,
  writeKey: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = JSON.stringify({ ...track(), writeKey });
  return tracking.fetch("/v1/track", { method: "POST", host, body, headers });
}

function edgeOf(tracking: TestTracking): readonly unknown[] {
  return tracking.appends.map(({ append }) => append.edge);
}

describe("at a host of eu", () => {
  it.each(["IAD", "LHR", "ZRH", "RUN", UNKNOWN_COLO])(
    "a request that came in at %s is held: 503, come again, nothing stored",
    async (colo) => {
      const tracking = new TestTracking({ colo });

      const response = await send(tracking, EU_HOST, EU_KEY);

      expect([response.status, await codeOf(response)]).toEqual([503, "outside_region"]);
      expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(tracking.appends).toEqual([]);
    },
  );

  it("one that came in at a place of the eu is taken, and the queue hears of the place", async () => {
    const tracking = new TestTracking({ colo: "DUB" });

    const response = await send(tracking, EU_HOST, EU_KEY);

    expect(response.status).toBe(200);
    expect(edgeOf(tracking)).toEqual([{ colo: "DUB", outcome: "accepted" }]);
  });

  it("a body is not read before the place is known to be inside", async () => {
    const tracking = new TestTracking({ colo: "IAD" });
    const watched = watchedBody();

    await tracking.fetch("/v1/track", {
      method: "POST",
      body: watched.body,
      headers: { authorization: basic(EU_KEY) },
      duplex: "half",
    } as RequestInit);

    expect(watched.isRead).toBe(false);
  });

  it("a body is read once it is: the watch above can see it", async () => {
    const tracking = new TestTracking({ colo: "DUB" });
    const watched = watchedBody();

    await tracking.fetch("/v1/track", {
      method: "POST",
      body: watched.body,
      headers: { authorization: basic(EU_KEY) },
      duplex: "half",
    } as RequestInit);

    expect(watched.isRead).toBe(true);
  });

  it("without a key in the header it is counted at the region", async () => {
    const tracking = new TestTracking({ colo: "IAD" });

    await send(tracking, EU_HOST, EU_KEY);

    expect(tracking.edges).toEqual(["eu IAD held"]);
  });

  it("with one it is counted at the workspace", async () => {
    const tracking = new TestTracking({ colo: "IAD" });

    await send(tracking, EU_HOST, EU_KEY, { authorization: basic(EU_KEY) });

    expect(tracking.edges).toEqual([`${EU_WORKSPACE} IAD held`]);
  });

  it("a forged key in the header is counted at the region", async () => {
    const tracking = new TestTracking({ colo: "IAD" });
    const forged = EU_KEY.slice(0, -1) + (EU_KEY.endsWith("0") ? "1" : "0");

    await send(tracking, EU_HOST, EU_KEY, { authorization: basic(forged) });

    expect(tracking.edges).toEqual(["eu IAD held"]);
  });

  it("a workspace that chose reject answers 403 without a time to come again", async () => {
    const edge = { policy: "strict", answer: "reject" } as const;
    const tracking = new TestTracking({ colo: "IAD", source: { edge } });

    const response = await send(tracking, EU_HOST, EU_KEY, { authorization: basic(EU_KEY) });

    expect([response.status, response.headers.get("Retry-After")]).toEqual([403, null]);
    expect(tracking.edges).toEqual([`${EU_WORKSPACE} IAD rejected`]);
  });

  it("a key of us is held there as well: the host comes first", async () => {
    const tracking = new TestTracking({ colo: "IAD" });

    const response = await send(tracking, EU_HOST, US_KEY);

    expect(response.status).toBe(503);
  });

  it("a pixel gets its GIF, is counted, and nothing is stored", async () => {
    const tracking = new TestTracking({ colo: "IAD", source: { pixel: true } });

    const response = await tracking.fetch(`/v1/pixel/track?writeKey=${EU_KEY}&userId=u&event=E`);

    expect(response.headers.get("content-type")).toBe("image/gif");
    expect([tracking.edges, tracking.appends]).toEqual([["eu IAD held"], []]);
  });

  it.each(["/v1/batch", "/v1/import", "/v1/m", "/v1/identify", "/v1/b", "/v1/v1/track"])(
    "%s is held as well",
    async (path) => {
      const tracking = new TestTracking({ colo: "IAD" });

      const response = await tracking.fetch(path, { method: "POST", body: "{}" });

      expect(response.status).toBe(503);
    },
  );

  it("a refusal lets the page that asked read it", async () => {
    const tracking = new TestTracking({ colo: "IAD" });
    const origin = "https://shop.example";

    const response = await send(tracking, EU_HOST, EU_KEY, { origin });

    expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
    expect(response.headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
  });

  it("a preflight is answered wherever it comes in: it carries nothing", async () => {
    const tracking = new TestTracking({ colo: "IAD" });

    const response = await tracking.fetch("/v1/t", { method: "OPTIONS" });

    expect(response.status).toBe(204);
  });
});

describe("at another host", () => {
  const strict = (answer: "hold" | "reject"): TestOptions => ({
    colo: "SIN",
    source: { edge: { policy: "strict", answer } },
  });

  it("a us workspace takes what came in elsewhere, and counts it as transit", async () => {
    const tracking = new TestTracking({ colo: "SIN" });

    const response = await send(tracking, US_HOST, US_KEY);

    expect(response.status).toBe(200);
    expect(edgeOf(tracking)).toEqual([{ colo: "SIN", outcome: "transit" }]);
  });

  it("one that is strict holds it once the body has shown the key, and counts it", async () => {
    const tracking = new TestTracking(strict("hold"));

    const response = await send(tracking, US_HOST, US_KEY);

    expect([response.status, tracking.appends]).toEqual([503, []]);
    expect(tracking.edges).toEqual([`${US_WORKSPACE} SIN held`]);
  });

  it("one that rejects answers 403", async () => {
    const tracking = new TestTracking(strict("reject"));

    const response = await send(tracking, US_HOST, US_KEY);

    expect([response.status, await codeOf(response)]).toEqual([403, "outside_region"]);
    expect(tracking.edges).toEqual([`${US_WORKSPACE} SIN rejected`]);
  });

  it("one that is strict takes what came in at home", async () => {
    const tracking = new TestTracking({ ...strict("hold"), colo: "IAD" });

    const response = await send(tracking, US_HOST, US_KEY);

    expect(response.status).toBe(200);
  });

  it("a key in the header is judged before the body is read", async () => {
    const tracking = new TestTracking(strict("hold"));
    const watched = watchedBody();

    await tracking.fetch("/v1/track", {
      method: "POST",
      host: US_HOST,
      body: watched.body,
      headers: { authorization: basic(US_KEY) },
      duplex: "half",
    } as RequestInit);

    expect(watched.isRead).toBe(false);
  });

  it("a key of eu is told the right host, wherever the request came in", async () => {
    const tracking = new TestTracking({ colo: "SIN" });

    const response = await send(tracking, US_HOST, EU_KEY);

    expect(await codeOf(response)).toBe("wrong_region");
  });
});

describe("without the check", () => {
  it("no place is looked at and none is counted", async () => {
    const tracking = new TestTracking();

    const response = await send(tracking, EU_HOST, EU_KEY);

    expect(response.status).toBe(200);
    expect([edgeOf(tracking), tracking.edges]).toEqual([[undefined], []]);
  });
});

describe("a request that is split over shards", () => {
  it("is counted by its place once", async () => {
    const route = { n: 1, shards: 4, ingestRegion: "eu1", state: "open", earlier: [] } as const;
    const tracking = new TestTracking({ colo: "DUB", source: { route } });
    const batch = Array.from({ length: 50 }, (_, i) =>
      track({ userId: `u${i}`, messageId: `${i}` }),
    );

    await tracking.post("/v1/batch", { batch });

    const counted = edgeOf(tracking).filter((edge) => edge !== undefined);
    expect([tracking.appends.length, counted]).toEqual([4, [{ colo: "DUB", outcome: "accepted" }]]);
  });
});
