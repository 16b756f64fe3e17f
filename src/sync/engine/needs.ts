import type { Behaviour } from "../sync.ts";
import type { DiffNeeds } from "./change.ts";

/**
 * What a behaviour wants to be told of a diff.
 *
 * @param hasWatermark whether the source shows only the rows of a window.
 */
export function needsOf(behaviour: Behaviour, hasWatermark: boolean): DiffNeeds {
  switch (behaviour) {
    case "upsert":
    case "update":
      return { updates: true, gone: "forget" };
    case "mirror":
      return { updates: true, gone: "delete" };
    // What comes back was taken away in between: it is created, or deleted, again.
    case "insert":
    case "delete":
      return { updates: false, gone: "forget" };
    // An event happens once, whatever becomes of its row.
    case "append":
      return { updates: false, gone: hasWatermark ? "ignore" : "remember" };
  }
}
