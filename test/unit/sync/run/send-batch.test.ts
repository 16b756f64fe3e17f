import { describe, expect, it } from "vitest";

import { RETRIES_MAX, sendBatch, WAIT_MS_MAX } from "../../../../src/sync/run/send-batch.ts";
import type { BatchResult, TargetBatch } from "../../../../src/sync/target/target.ts";

const BATCH: TargetBatch = {
  runId: "run",
  syncId: "syn",
  object: "people",
  operation: "upsert",
  identifiers: ["id"],
  preserved: [],
  records: Array.from({ length: 8 }, (_, at) => ({
    identifier: String(at),
    idempotencyKey: `key-${at}`,
    fields: { id: at },
  })),
};

/** Sends the batch to a destination that answers as told. */
async function send(answer: (batch: TargetBatch, call: number) => BatchResult) {
  const calls: (readonly string[])[] = [];
  const waits: number[] = [];
  const end = await sendBatch(
    {
      target: {
        limits: { records: 100, bytes: 1_000, calls: 1 },
        test: async () => [],
        objects: async () => [],
        fields: async () => [],
        send: async (batch) => {
          calls.push(batch.records.map(({ identifier }) => identifier));
          return answer(batch, calls.length);
        },
      },
      signal: new AbortController().signal,
      random: () => 0,
      sleep: async (ms) => void waits.push(ms),
    },
    BATCH,
  );
  return { ...end, calls, waits };
}

function accepting({ records }: TargetBatch): BatchResult {
  return { kind: "answered", results: records.map(() => ({ kind: "accepted" })) };
}

describe("sendBatch()", () => {
  it("halves a batch that is refused, until the one bad record stands alone", async () => {
    const { results, stop } = await send((batch) =>
      batch.records.some(({ identifier }) => identifier === "5")
        ? { kind: "refused", reason: "bad" }
        : accepting(batch),
    );

    expect(stop).toBeUndefined();
    expect(results.map((result) => result?.kind)).toEqual([
      ...Array.from({ length: 5 }, () => "accepted"),
      "rejected",
      "accepted",
      "accepted",
    ]);
  });

  it("counts a record without a result as rejected", async () => {
    const { results } = await send(({ records }) => ({
      kind: "answered",
      results: records.slice(1).map(() => ({ kind: "accepted" })),
    }));

    expect(results.at(-1)?.kind).toBe("rejected");
  });

  it("waits as long as it is told, and sends the same records again", async () => {
    const { results, waits, calls } = await send((batch, call) =>
      call === 1 ? { kind: "retry", code: "429", retryAfterMs: 7_000 } : accepting(batch),
    );

    expect(waits).toEqual([7_000]);
    expect(calls[1]).toEqual(calls[0]);
    expect(results.every((result) => result?.kind === "accepted")).toBe(true);
  });

  it("gives a batch back undecided after its retries", async () => {
    const { results, stop, calls } = await send(() => ({ kind: "retry", code: "503" }));

    expect(stop).toMatchObject({ kind: "later", code: "503" });
    expect(results.every((result) => result === undefined)).toBe(true);
    expect(calls.length).toBeLessThanOrEqual(RETRIES_MAX + 1);
  });

  it("does not sleep longer than a slice allows: the run goes on later", async () => {
    const long = WAIT_MS_MAX + 1;
    const { stop, waits } = await send(() => ({ kind: "retry", code: "429", retryAfterMs: long }));

    expect(waits).toEqual([]);
    expect(stop).toMatchObject({ kind: "later", waitMs: long });
  });

  it("keeps what was decided before the destination failed for good", async () => {
    const { results, stop } = await send((batch, call) => {
      if (call === 1) return { kind: "refused", reason: "too many" };
      return call === 2 ? accepting(batch) : { kind: "failed", code: "401", message: "no" };
    });

    expect(stop).toMatchObject({ kind: "failed" });
    expect(results.map((result) => result?.kind)).toEqual([
      ...Array.from({ length: 4 }, () => "accepted"),
      ...Array.from({ length: 4 }, () => undefined),
    ]);
  });
});
