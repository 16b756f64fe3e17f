import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fullBucket, takeTokens } from "../../../../src/ingest/queue/token-bucket.ts";

const RATE = 1_000;

describe("takeTokens()", () => {
  it("lets a full batch in at once", () => {
    expect(takeTokens(fullBucket(RATE, 0), 2_500, RATE, 0).waitMs).toBe(0);
  });

  it("lets a request in whole as long as one token is left, and makes the next one wait", () => {
    const owing = takeTokens({ tokens: 1, atMs: 0 }, 2_500, RATE, 0);

    expect(owing.waitMs).toBe(0);
    expect(takeTokens(owing.bucket, 1, RATE, 0).waitMs).toBe(2_500);
  });

  it("lets in again after the wait it asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50_000, max: 0 }),
        fc.integer({ min: 1, max: 50_000 }),
        (tokens, rate) => {
          const { waitMs } = takeTokens({ tokens, atMs: 0 }, 1, rate, 0);

          expect(takeTokens({ tokens, atMs: 0 }, 1, rate, waitMs).waitMs).toBe(0);
        },
      ),
    );
  });

  it("never lets in more than the rate and one burst over any time", () => {
    const request = fc.record({
      gapMs: fc.integer({ min: 0, max: 3_000 }),
      events: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 200 }), (requests) => {
        let bucket = fullBucket(RATE, 0);
        let nowMs = 0;
        let taken = 0;
        for (const { gapMs, events } of requests) {
          nowMs += gapMs;
          const result = takeTokens(bucket, events, RATE, nowMs);
          bucket = result.bucket;
          if (result.waitMs === 0) taken += events;
        }

        expect(taken).toBeLessThanOrEqual(2_500 + 500 + (nowMs / 1000) * RATE);
      }),
    );
  });

  it("gives nothing for a clock that stepped back", () => {
    const { bucket } = takeTokens({ tokens: 10, atMs: 5_000 }, 1, RATE, 1_000);

    expect(bucket).toEqual({ tokens: 9, atMs: 5_000 });
  });
});
