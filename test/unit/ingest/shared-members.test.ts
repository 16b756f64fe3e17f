import { describe, expect, it } from "vitest";

import { codeOf, TestTracking, track } from "../../support/tracking.ts";

/** A batch of `events` small events, to each of which the envelope adds `shared`. */
function batchOf(events: number, shared: Record<string, unknown>): Record<string, unknown> {
  const batch = Array.from({ length: events }, (_, i) => track({ messageId: `m${i}` }));
  return { ...shared, batch };
}

const LONG = "x".repeat(200_000);

describe("what the envelope adds to every event", () => {
  it.each([
    ["context", { context: { page: LONG } }],
    ["integrations", { integrations: { All: LONG } }],
    ["sentAt", { sentAt: LONG }],
  ])("refuses a batch whose %s would make it many times larger", async (_, shared) => {
    const tracking = new TestTracking();

    const response = await tracking.post("/v1/batch", batchOf(1_000, shared));

    expect([response.status, await codeOf(response)]).toEqual([400, "body_too_large"]);
    expect(tracking.lines).toEqual([]);
    expect(tracking.refused).toEqual({ body_too_large: 1 });
  });

  it("takes 2,500 events that share a context of 2 KB", async () => {
    const tracking = new TestTracking();

    await tracking.post("/v1/batch", batchOf(2_500, { context: { page: LONG.slice(0, 2_000) } }));

    expect(tracking.lines).toHaveLength(2_500);
  });
});
