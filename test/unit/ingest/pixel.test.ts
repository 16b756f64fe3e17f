import { describe, expect, it } from "vitest";

import { EU_SOURCE, TestTracking, US_HOST, writeKeyOf } from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);
const PIXEL_ON = { source: { pixel: true } };

function dataOf(event: object): string {
  return encodeURIComponent(Buffer.from(JSON.stringify(event)).toString("base64url"));
}

const EVENT = { writeKey: KEY, userId: "é", event: "Email Opened", properties: { n: 1 } };

describe("the pixel", () => {
  it("takes an event as base64 JSON, in the URL's alphabet and without padding", async () => {
    const tracking = new TestTracking(PIXEL_ON);

    await tracking.fetch(`/v1/pixel/track?data=${dataOf(EVENT)}`);

    expect(tracking.events).toMatchObject([
      { type: "track", userId: "é", event: "Email Opened", properties: { n: 1 } },
    ]);
  });

  it.each(["base64", "base64url"] as const)("takes all characters of %s", async (alphabet) => {
    const tracking = new TestTracking(PIXEL_ON);
    const event = { ...EVENT, properties: { all: "~~~???>>>\u00ff\u00fe" } };
    const data = Buffer.from(JSON.stringify(event)).toString(alphabet);

    await tracking.fetch(`/v1/pixel/track?data=${data}`);

    expect(data).toMatch(alphabet === "base64" ? /\+.*\/|\/.*\+/ : /-.*_|_.*-/);
    expect(tracking.events).toMatchObject([{ properties: event.properties }]);
  });

  it("takes an event as flat parameters, dots for levels", async () => {
    const tracking = new TestTracking(PIXEL_ON);

    await tracking.fetch(
      `/v1/pixel/page?writeKey=${KEY}&userId=u&properties.subject=Hi%20%22you%22&context.campaign.name=c`,
    );

    expect(tracking.events).toMatchObject([
      {
        type: "page",
        userId: "u",
        properties: { subject: 'Hi "you"' },
        context: { campaign: { name: "c" } },
      },
    ]);
  });

  it("keeps a parameter called __proto__ as data", async () => {
    const tracking = new TestTracking(PIXEL_ON);

    await tracking.fetch(`/v1/pixel/page?writeKey=${KEY}&userId=u&properties.__proto__.x=1`);

    expect(tracking.lines[0]).toContain('"properties":{"__proto__":{"x":"1"}}');
  });

  it("is a client: channel and address", async () => {
    const tracking = new TestTracking(PIXEL_ON);

    await tracking.fetch(`/v1/pixel/track?data=${dataOf(EVENT)}`, {
      headers: { "CF-Connecting-IP": "203.0.113.7" },
    });

    expect(tracking.events).toMatchObject([{ channel: "client", context: { ip: "203.0.113.0" } }]);
  });

  it.each([
    ["an event", `?data=${dataOf(EVENT)}`],
    ["an event without user", `?data=${dataOf({ writeKey: KEY, event: "e" })}`],
    ["no data", ""],
    ["data that is not base64", "?data=*"],
    ["data that is not JSON", "?data=AAAA"],
    ["a write key that is none", "?writeKey=x&userId=u"],
  ])("answers 200 and a GIF for %s", async (_title, query) => {
    const response = await new TestTracking(PIXEL_ON).fetch(`/v1/pixel/track${query}`);

    const bytes = new Uint8Array(await response.arrayBuffer());
    expect([
      response.status,
      response.headers.get("Content-Type"),
      new TextDecoder().decode(bytes.slice(0, 6)),
    ]).toEqual([200, "image/gif", "GIF89a"]);
  });

  it("answers its GIF when the region cannot take data", async () => {
    const tracking = new TestTracking({
      ...PIXEL_ON,
      answer: () => ({ kind: "unavailable", reason: "backlog", retryAfterMs: 1 }),
    });

    const response = await tracking.fetch(`/v1/pixel/track?data=${dataOf(EVENT)}`);

    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "image/gif"]);
  });

  it("stores nothing and counts it where the source has the pixel off", async () => {
    const tracking = new TestTracking();

    const response = await tracking.fetch(`/v1/pixel/track?data=${dataOf(EVENT)}`);

    expect([response.status, tracking.lines, tracking.refused]).toEqual([
      200,
      [],
      { pixel_off: 1 },
    ]);
  });

  it("stores nothing and counts it for a key of another region", async () => {
    const tracking = new TestTracking(PIXEL_ON);

    const response = await tracking.fetch(`/v1/pixel/track?data=${dataOf(EVENT)}`, {
      host: US_HOST,
    });

    expect([response.status, tracking.lines, tracking.refused]).toEqual([
      200,
      [],
      { wrong_region: 1 },
    ]);
  });
});
