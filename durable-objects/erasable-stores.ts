import type { ErasableStore } from "../src/regulation/stores.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** What an erasable store is made of. */
export type ErasableStoreDeps = { readonly turn: WorkspaceTurn; readonly reach: Reach };

/**
 * Stores of a workspace that take part in deletions beside its archives, queues, lanes, replays and
 * destinations; how one joins: `src/regulation/stores.ts`.
 */
export function erasableStores(_deps: ErasableStoreDeps): readonly ErasableStore[] {
  return [];
}
