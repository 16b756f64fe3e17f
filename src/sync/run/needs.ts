import type { DiffNeeds } from "../engine/change.ts";
import type { Sync } from "../sync.ts";

/** What the behaviour of a sync wants to be told of a diff, besides keys that are new. */
export function behaviourNeeds({
  behaviour,
  watermark,
}: Pick<Sync, "behaviour" | "watermark">): DiffNeeds {
  switch (behaviour) {
    case "upsert":
    case "update":
      return { updates: true, gone: "forget" };
    case "mirror":
      return { updates: true, gone: "delete" };
    // Created once: a row that comes back would be there twice.
    case "insert":
      return { updates: false, gone: "remember" };
    case "append":
      // Behind the watermark nothing is read, so what is not met there is not gone.
      return { updates: false, gone: watermark === undefined ? "remember" : "ignore" };
    // An id that was taken off the list and is put on it again is to be deleted again.
    case "delete":
      return { updates: false, gone: "forget" };
  }
}
