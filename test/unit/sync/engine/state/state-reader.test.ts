import { describe, expect, it } from "vitest";

import { prefixOf } from "../../../../../src/sync/engine/state/packed.ts";
import type { StatePage } from "../../../../../src/sync/engine/state/state-store.ts";
import { nodeState } from "../../../../support/sync/node-state.ts";

const keyHash = (n: number): string => n.toString(16).padStart(8, "0").padEnd(32, "0");

describe("StateReader.seek()", () => {
  it("reads no block again in which the place is", () => {
    const { state } = nodeState();
    const keys = Array.from({ length: 1_000 }, (_, n) => keyHash(n * 1_000));
    state.accept(keys.map((key) => ({ keyHash: key, rowHash: 1n })));
    let read = 0;
    const pageAt = state.store.pageAt.bind(state.store);
    state.store.pageAt = (prefix: number): StatePage | undefined => {
      read += 1;
      return pageAt(prefix);
    };

    const reader = state.read();
    const found = keys.filter((key) => {
      reader.seek(prefixOf(key));
      return reader.keyHash === key;
    });

    expect({ found: found.length, read }).toEqual({ found: 1_000, read: 1 });
  });
});
