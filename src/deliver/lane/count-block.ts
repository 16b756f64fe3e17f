import type { CountChange } from "./counts.ts";
import type { Settlement } from "./settlement.ts";

/** What a settled event adds to the counts; nothing when it only waits for others. */
export function countOf(settled: Settlement, nowMs: number): CountChange | undefined {
  const { attempts } = settled.entry;
  switch (settled.kind) {
    case "delivered":
      return {
        step: "successful-delivery",
        code: String(settled.status),
        count: 1,
        retryCount: attempts,
        latencyMs: Number.isNaN(settled.receivedAtMs)
          ? undefined
          : Math.max(0, nowMs - settled.receivedAtMs),
      };
    case "filtered":
      return { step: "filtered-at-destination", code: settled.code, count: 1 };
    case "waiting":
      return settled.wasTried
        ? { step: "pending-retry", code: settled.entry.code, count: 1 }
        : undefined;
    case "dead":
      return {
        step: "failed-delivery",
        code: settled.code,
        count: 1,
        retryCount: Math.max(0, attempts - 1),
      };
  }
}
