import { readStored } from "../src/core/stored-json.ts";
import type { HashSeeds } from "../src/sync/source/source.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

/** The sync's own three numbers; made once, because everything accepted is known by them. */
export function seedsOf(storage: SyncStorage): HashSeeds {
  const held = storage.get("seeds");
  if (held !== undefined) {
    const [keyA = "0", keyB = "0", row = "0"] = readStored<readonly string[]>(held);
    return { keyA: BigInt(keyA), keyB: BigInt(keyB), row: BigInt(row) };
  }
  const made = crypto.getRandomValues(new BigInt64Array(3));
  storage.set("seeds", JSON.stringify(Array.from(made, String)));
  return seedsOf(storage);
}
