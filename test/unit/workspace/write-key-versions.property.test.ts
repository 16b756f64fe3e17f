import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  addKey,
  firstKey,
  LIVE_KEYS_MAX,
  liveVersions,
  retireAllKeys,
  retireKey,
  type KeyVersion,
} from "../../../src/workspace/write-key-versions.ts";

const scripts = fc.array(fc.oneof(fc.constant("add" as const), fc.integer({ min: 1, max: 12 })));

/** Adds on "add" and retires on a number; returns every state on the way. */
function play(script: readonly ("add" | number)[]): (readonly KeyVersion[])[] {
  const states: (readonly KeyVersion[])[] = [[firstKey(0)]];
  for (const step of script) {
    const keys = states.at(-1) ?? [];
    const next = step === "add" ? addKey(keys, 1) : retireKey(keys, step, 1);
    if (next.ok) states.push(next.value);
  }
  return states;
}

describe("the versions of a write key", () => {
  it("are never more than two live", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        for (const keys of play(script)) {
          expect(liveVersions(keys).length).toBeLessThanOrEqual(LIVE_KEYS_MAX);
        }
      }),
    );
  });

  it("never come back once retired", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const seen = new Set<number>();
        for (const keys of play(script)) {
          for (const version of liveVersions(keys)) expect(seen.has(version)).toBe(false);
          for (const key of keys) if (key.state === "retired") seen.add(key.version);
        }
      }),
    );
  });

  it("count up without a gap", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const versions = (play(script).at(-1) ?? []).map((key) => key.version);

        expect(versions).toEqual(versions.map((_, i) => i + 1));
      }),
    );
  });

  it("are all retired when the source is deleted", () => {
    const two = addKey([firstKey(0)], 1);

    expect(liveVersions(retireAllKeys(two.ok ? two.value : [], 2))).toEqual([]);
  });

  it("run out rather than begin again", () => {
    const last: KeyVersion = { version: 1023, state: "retired", createdAtMs: 0, retiredAtMs: 1 };

    expect(addKey([last], 2)).toMatchObject({ ok: false, error: { kind: "write-keys-used-up" } });
  });
});
