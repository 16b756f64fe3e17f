import type { LaneEntry } from "./entry.ts";

/** What becomes of one event of a block. */
export type Settlement = { readonly entry: LaneEntry } & (
  | { readonly kind: "delivered"; readonly status: number; readonly receivedAtMs: number }
  | { readonly kind: "filtered"; readonly code: string }
  /** It waits: `wasTried` says whether for a failed attempt or for others' sake. */
  | { readonly kind: "waiting"; readonly dueAtMs: number; readonly wasTried: boolean }
  | { readonly kind: "dead"; readonly code: string }
);

/** An event that is waiting together with when it is due. */
export type Waiting = Extract<Settlement, { kind: "waiting" }>;
export type Dead = Extract<Settlement, { kind: "dead" }>;

/** What waits, in chunks of one due time each, each in the order of the log. */
export function waitingByDue(
  settlements: readonly Settlement[],
): ReadonlyMap<number, readonly LaneEntry[]> {
  const chunks = new Map<number, LaneEntry[]>();
  for (const settled of settlements) {
    if (settled.kind !== "waiting") continue;
    const chunk = chunks.get(settled.dueAtMs) ?? [];
    chunk.push(settled.entry);
    chunks.set(settled.dueAtMs, chunk);
  }
  return chunks;
}

/** Dead letters by their code, each in the order of the log. */
export function deadByCode(
  settlements: readonly Settlement[],
): ReadonlyMap<string, readonly LaneEntry[]> {
  const chunks = new Map<string, LaneEntry[]>();
  for (const settled of settlements) {
    if (settled.kind !== "dead") continue;
    const chunk = chunks.get(settled.code) ?? [];
    chunk.push(settled.entry);
    chunks.set(settled.code, chunk);
  }
  return chunks;
}
