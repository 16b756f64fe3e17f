import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Append } from "../../../src/ingest/append.ts";
import { splitAppend } from "../../../src/ingest/split-append.ts";
import { acceptBatch } from "../../support/accepted.ts";

const users = fc.record({
  userId: fc.option(fc.constantFrom("a", "b", "c", "d", "e"), { nil: null }),
  anonymousId: fc.constantFrom("a", "b", "c", "é"),
});
const shardCounts = fc.constantFrom(1, 2, 4, 8, 64);

function appendOf(items: readonly object[]): Append {
  const batch = items.map((item, i) => ({ ...item, type: "page", messageId: `m${i}` }));
  const { firstRefusal: _none, ...kept } = acceptBatch(JSON.stringify({ batch }));
  return { v: 1, epoch: 1, keyVersion: 1, receivedAtMs: 0, ...kept, refused: { bad_request: 3 } };
}

/** Each event as its line, fingerprint and user hashes. */
function eventsOf({ lines, ends, prints, users: hashes }: Append): string[] {
  return Array.from(ends, (end, i) => {
    const line = new TextDecoder().decode(lines.slice(ends[i - 1] ?? 0, end));
    const print = prints.slice(16 * i, 16 * (i + 1)).join();
    return `${line}|${print}|${hashes.slice(24 * i, 24 * (i + 1)).join()}`;
  });
}

describe("splitAppend()", () => {
  it("puts every event into exactly one part, whole and in order", () => {
    fc.assert(
      fc.property(fc.array(users), shardCounts, (items, shards) => {
        const append = appendOf(items);
        const all = eventsOf(append);

        const parts = Array.from(splitAppend(append, shards).values(), eventsOf);

        const places = parts.map((part) => part.map((event) => all.indexOf(event)));
        expect(places.flat().toSorted((a, b) => a - b)).toEqual(all.map((_event, i) => i));
        for (const place of places) expect(place).toEqual(place.toSorted((a, b) => a - b));
      }),
    );
  });

  it("puts all events of one user into one part", () => {
    fc.assert(
      fc.property(fc.array(users), shardCounts, (items, shards) => {
        const parts = [...splitAppend(appendOf(items), shards).values()];

        const homes = new Map<string, Set<number>>();
        for (const [i, part] of parts.entries()) {
          for (const event of eventsOf(part)) {
            const { userId, anonymousId } = JSON.parse(
              event.split("|")[0] ?? "",
            ) as (typeof items)[0];
            const user = userId === null ? `a:${anonymousId}` : `u:${userId}`;
            homes.set(user, (homes.get(user) ?? new Set()).add(i));
          }
        }
        for (const home of homes.values()) expect(home.size).toBe(1);
      }),
    );
  });

  it("splits each part in two when the shards double", () => {
    fc.assert(
      fc.property(fc.array(users), fc.constantFrom(1, 2, 4, 8), (items, shards) => {
        const append = appendOf(items);

        const fine = splitAppend(append, shards * 2);
        const coarse = splitAppend(append, shards);
        for (const [shard, part] of fine) {
          const home = coarse.get(shard % shards);
          expect(home === undefined ? [] : eventsOf(home)).toEqual(
            expect.arrayContaining(eventsOf(part)),
          );
        }
      }),
    );
  });

  it("counts what was refused once", () => {
    fc.assert(
      fc.property(fc.array(users), shardCounts, (items, shards) => {
        const parts = [...splitAppend(appendOf(items), shards).values()];

        const counted = parts.map(({ refused }) => refused["bad_request"] ?? 0);
        expect(counted.reduce((sum, n) => sum + n, 0)).toBe(3);
      }),
    );
  });
});
