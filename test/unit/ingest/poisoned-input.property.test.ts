import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { EU_SOURCE, basic, TestTracking, track, writeKeyOf } from "../../support/tracking.ts";

const AUTHORIZATION = basic(writeKeyOf(EU_SOURCE));
const KNOWN = ["type", "userId", "anonymousId", "messageId", "event", "timestamp", "sentAt"];
const names = fc.constantFrom(...KNOWN, "context", "integrations", "batch", "ip", "__proto__", "x");
const NUMBERS = ["1e999", "-0", "12345678901234567890"];
const STRINGS = [
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '"track"',
  '"page"',
  '"u"',
  '"2026-13-45T99:99:99Z"',
];
const OTHERS = ["null", "true", "{}", "[]", '{"__proto__":{"a":1},"ip":1,"ip":2}'];
const texts = fc.constantFrom(...[NUMBERS, STRINGS, OTHERS].flat());

/** Objects with any known name, any number of times, and values that are at odds with it. */
const members = fc.array(fc.tuple(names, texts), { maxLength: 8 });
const odd = members.map((list) => `{${list.map(([name, text]) => `"${name}":${text}`).join(",")}}`);
const oddBatches = fc
  .tuple(fc.array(fc.oneof(odd, texts), { maxLength: 4 }), members)
  .map(([items, shared]) => {
    const others = shared.map(([name, text]) => `,"${name}":${text}`).join("");
    return `{"batch":[${items.join(",")}]${others}}`;
  });
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.oneof(odd, oddBatches, fc.json()).map((text) => new TextEncoder().encode(text)),
);
const paths = fc.constantFrom("/v1/track", "/v1/i", "/v1/group", "/v1/batch", "/v1/b");

function post(tracking: TestTracking, path: string, body: Uint8Array): Promise<Response> {
  return tracking.fetch(path, {
    method: "POST",
    body: new Uint8Array(body),
    headers: { authorization: AUTHORIZATION, "CF-Connecting-IP": "203.0.113.7" },
  });
}

describe("poisoned input", () => {
  it("is answered 200 or 400, and every line that comes of it is one JSON object", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, paths, async (body, path) => {
        const tracking = new TestTracking();

        const response = await post(tracking, path, body);

        expect([200, 400]).toContain(response.status);
        for (const event of tracking.events) {
          expect(event).toMatchObject({ receivedAt: "2026-11-22T12:00:00.000Z" });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is stored or counted, item by item", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 6 }), async (items) => {
        const tracking = new TestTracking();

        await post(
          tracking,
          "/v1/batch",
          new TextEncoder().encode(`{"batch":[${items.join(",")}]}`),
        );

        const refused = Object.values(tracking.refused).reduce((sum, n) => sum + n, 0);
        expect(tracking.lines.length + refused).toBe(items.length);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves nothing behind that would keep the next good event from being stored", async () => {
    const tracking = new TestTracking();

    await fc.assert(
      fc.asyncProperty(bodies, paths, async (body, path) => {
        await post(tracking, path, body);
        const before = tracking.lines.length;

        await tracking.post("/v1/track", track());

        expect(tracking.lines.length).toBe(before + 1);
      }),
      { numRuns: 100 },
    );
  });

  it("of sixty thousand members is too large for an event, and only that", async () => {
    const tracking = new TestTracking();
    const many = Array.from({ length: 60_000 }, (_, i) => `"k${i % 10}":0`).join(",");

    await tracking.post("/v1/batch", `{"batch":[{${many}},${JSON.stringify(track())}]}`);

    expect([tracking.lines.length, tracking.refused]).toEqual([1, { event_too_large: 1 }]);
  });
});
