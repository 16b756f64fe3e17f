import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import type { Deliverer, DeliveryOutcome } from "../../../../src/deliver/deliverer.ts";
import { callDestination } from "../../../../src/deliver/lane/call.ts";
import { DeliveryCounts, latency95Ms, latencyStep } from "../../../../src/deliver/lane/counts.ts";
import {
  deadLetterLine,
  eventInDeadLetter,
  readDeadLetter,
} from "../../../../src/deliver/lane/dead-letter.ts";
import {
  newEntry,
  packEntries,
  splitEntries,
  unpackEntries,
} from "../../../../src/deliver/lane/entry.ts";
import { idempotencyKey } from "../../../../src/deliver/lane/idempotency.ts";
import { deliverIsolating, SPLIT_CALLS_MAX } from "../../../../src/deliver/lane/isolate.ts";

const LANE = {
  sourceId: "src_eu_0123456789abcdefghjkmnpqrs",
  destinationId: "dst_eu_0123456789abcdefghjkmnpqrs",
} as const;
const entry = fc.record({
  seq: fc.nat(),
  line: fc.dictionary(fc.string(), fc.jsonValue()).map((event) => JSON.stringify(event)),
  attempts: fc.nat(100),
  firstAttemptAtMs: fc.nat(),
  stoppedBeforeMs: fc.nat(),
  code: fc.constantFrom("", "503", "ETIMEDOUT"),
});

describe("packEntries()", () => {
  it("is undone by unpackEntries()", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        expect(unpackEntries(packEntries(entries))).toEqual(entries);
      }),
    );
  });
});

describe("unpackEntries()", () => {
  it("reads what older code packed, which knew of no outages", () => {
    const packed = new TextEncoder().encode('[7,2,1000,"503"]\n{"a":1}');

    expect(unpackEntries(packed)).toEqual([
      {
        seq: 7,
        line: '{"a":1}',
        attempts: 2,
        firstAttemptAtMs: 1000,
        stoppedBeforeMs: 0,
        code: "503",
      },
    ]);
  });
});

describe("splitEntries()", () => {
  it("keeps all, in order, in parts of the allowed size", () => {
    fc.assert(
      fc.property(fc.array(entry), fc.integer({ min: 1, max: 5 }), (entries, events) => {
        const parts = splitEntries(entries, { events, bytes: 1_000_000 });

        expect(parts.flat()).toEqual(entries);
        expect(parts.every(({ length }) => length >= 1 && length <= events)).toBe(true);
      }),
    );
  });
});

describe("callDestination()", () => {
  const event = { event: {}, idempotencyKey: "k" };
  const deliverer = (deliver: Deliverer["deliver"]): Deliverer => ({
    batch: { events: 10, bytes: 1000 },
    deliver,
  });

  it("takes a destination that throws for one that refused", async () => {
    const broken = deliverer(() => Promise.reject(new Error("quotes an event")));

    expect(await callDestination(broken, [event])).toEqual([
      { kind: "rejected", code: "INTERNAL" },
    ]);
  });

  it("takes a destination that answers for other events for one that refused", async () => {
    const odd = deliverer(() => Promise.resolve([]));

    expect(await callDestination(odd, [event])).toEqual([{ kind: "rejected", code: "INTERNAL" }]);
  });

  it("gives a destination up that hangs, and tells it to end", async () => {
    vi.useFakeTimers();
    let seen: AbortSignal | undefined;
    const hanging = deliverer((_, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const called = callDestination(hanging, [event]);
    await vi.advanceTimersByTimeAsync(33_000);
    vi.useRealTimers();

    expect(await called).toEqual([{ kind: "retry", code: "ETIMEDOUT" }]);
    expect(seen?.aborted).toBe(true);
  });
});

describe("deliverIsolating()", () => {
  it("finds any spoilt events among a batch, within its calls", async () => {
    const spoilt = fc.uniqueArray(fc.nat(99), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(spoilt, async (bad) => {
        let calls = 0;
        const events = Array.from({ length: 100 }, (_, i) => ({
          event: { i },
          idempotencyKey: String(i),
        }));
        const outcomes = await deliverIsolating(events, (part) => {
          calls += 1;
          const isBad = part.some(({ idempotencyKey }) => bad.includes(Number(idempotencyKey)));
          const outcome: DeliveryOutcome = isBad
            ? { kind: "rejected", code: "400" }
            : { kind: "delivered", status: 200 };
          return Promise.resolve(part.map(() => outcome));
        });

        const refused = outcomes.flatMap(({ kind }, i) => (kind === "rejected" ? [i] : []));
        expect(refused).toEqual(bad.toSorted((a, b) => a - b));
        expect(calls).toBeLessThanOrEqual(SPLIT_CALLS_MAX);
      }),
      { numRuns: 50 },
    );
  });
});

describe("deadLetterLine()", () => {
  it("holds the event byte by byte, whatever is in it", () => {
    fc.assert(
      fc.property(entry, (given) => {
        const line = deadLetterLine(given, "400");

        expect(eventInDeadLetter(line)).toBe(given.line);
        expect(readDeadLetter(line)?.event).toEqual(JSON.parse(given.line));
      }),
    );
  });

  it.each([
    ["400", "rejected"],
    ["501", "rejected"],
    ["INTERNAL", "rejected"],
    ["503", "attempts-exhausted"],
    ["429", "attempts-exhausted"],
    ["ETIMEDOUT", "attempts-exhausted"],
  ])("of code %s says %s", (code, reason) => {
    const given = { ...newEntry(1, "{}"), attempts: 1, firstAttemptAtMs: 1, code };

    expect(readDeadLetter(deadLetterLine(given, code))?.reason).toBe(reason);
  });
});

describe("idempotencyKey()", () => {
  it("is another for every event and destination, and the same for the same", () => {
    const other = { ...LANE, destinationId: "dst_eu_0123456789abcdefghjkmnpqrt" } as const;
    const keys = [
      idempotencyKey(LANE, { messageId: "a" }, 1),
      idempotencyKey(LANE, { messageId: "a" }, 2),
      idempotencyKey(LANE, { messageId: "b" }, 1),
      idempotencyKey(other, { messageId: "a" }, 1),
      idempotencyKey(LANE, {}, 1),
    ];

    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(4);
  });
});

describe("DeliveryCounts", () => {
  it("adds up to what was counted, however it is told", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(180_000), { maxLength: 50 }), (times) => {
        const counts = new DeliveryCounts([]);
        for (const atMs of times) {
          counts.add({ step: "successful-delivery", code: "200", count: 1, latencyMs: 5 }, atMs);
          counts.takeChanged();
        }
        const all = counts.all();

        expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(times.length);
        expect(new Set(all.map(({ atMs }) => atMs)).size).toBe(all.length);
      }),
    );
  });
});

describe("latency95Ms()", () => {
  it("is at most a fifth above the latency that 95 of 100 stayed below", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 11, max: 10_000_000 }), { minLength: 1 }), (ms) => {
        const steps: Record<string, number> = {};
        for (const each of ms) steps[latencyStep(each)] = (steps[latencyStep(each)] ?? 0) + 1;
        const sorted = ms.toSorted((a, b) => a - b);
        const wanted = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
        const found = latency95Ms(steps) ?? 0;

        expect(found).toBeGreaterThanOrEqual(Math.floor(wanted));
        expect(found).toBeLessThanOrEqual(Math.ceil(wanted * 1.2));
      }),
    );
  });

  it("is unknown of no events", () => {
    expect(latency95Ms({})).toBeUndefined();
  });
});
