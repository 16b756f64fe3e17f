import { err, ok, type Result } from "../core/result.ts";
import { KEY_VERSION_MAX } from "../region/write-key.ts";

/** One version of a source's write key. */
export type KeyVersion = {
  readonly version: number;
  readonly state: "live" | "retired";
  readonly createdAtMs: number;
  readonly retiredAtMs?: number;
};

/** Live versions at a time: the one in the apps that are out, and the one that replaces it. */
export const LIVE_KEYS_MAX = 2;

export type KeyRefusal =
  | { readonly kind: "too-many-write-keys"; readonly max: number }
  | { readonly kind: "write-keys-used-up"; readonly max: number }
  | { readonly kind: "not-found"; readonly what: "write-key" };

/** The key of a new source. */
export function firstKey(nowMs: number): KeyVersion {
  return { version: 1, state: "live", createdAtMs: nowMs };
}

/** The versions that are live. */
export function liveVersions(keys: readonly KeyVersion[]): readonly number[] {
  return keys.filter((key) => key.state === "live").map((key) => key.version);
}

/** Adds the next version. A version is never given twice, so a retired key can never come back. */
export function addKey(
  keys: readonly KeyVersion[],
  nowMs: number,
): Result<readonly KeyVersion[], KeyRefusal> {
  if (liveVersions(keys).length >= LIVE_KEYS_MAX) {
    return err({ kind: "too-many-write-keys", max: LIVE_KEYS_MAX });
  }
  const version = Math.max(0, ...keys.map((key) => key.version)) + 1;
  if (version > KEY_VERSION_MAX) return err({ kind: "write-keys-used-up", max: KEY_VERSION_MAX });
  return ok([...keys, { version, state: "live", createdAtMs: nowMs }]);
}

/** Retires one live version. The last one may go too: a leaked key has to be stoppable at once. */
export function retireKey(
  keys: readonly KeyVersion[],
  version: number,
  nowMs: number,
): Result<readonly KeyVersion[], KeyRefusal> {
  if (!liveVersions(keys).includes(version)) return err({ kind: "not-found", what: "write-key" });
  return ok(
    keys.map((key) =>
      key.version === version ? { ...key, state: "retired" as const, retiredAtMs: nowMs } : key,
    ),
  );
}

/** Makes those versions live again that were retired at that instant: a deletion was taken back. */
export function reviveKeys(
  keys: readonly KeyVersion[],
  retiredAtMs: number,
): readonly KeyVersion[] {
  return keys.map((key) => {
    if (key.retiredAtMs !== retiredAtMs) return key;
    const { retiredAtMs: _retiredAtMs, ...rest } = key;
    return { ...rest, state: "live" as const };
  });
}

/** Retires every live version, as the deletion of a source does. */
export function retireAllKeys(keys: readonly KeyVersion[], nowMs: number): readonly KeyVersion[] {
  return keys.map((key) =>
    key.state === "live" ? { ...key, state: "retired" as const, retiredAtMs: nowMs } : key,
  );
}
