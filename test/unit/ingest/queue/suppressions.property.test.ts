import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { concatBytes } from "../../../../src/core/bytes.ts";
import { Suppressions } from "../../../../src/ingest/queue/suppressions.ts";

const ABSENT = new Uint8Array(8);
/** Few values and few distinct low bits, so that hashes collide in slots and repeat. */
const hash = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 }))
  .map(([high, low]) => Uint8Array.of(0, 0, 0, high, 0, 0, 0, low));
const event = fc.tuple(
  fc.oneof(hash, fc.constant(ABSENT)),
  fc.oneof(hash, fc.constant(ABSENT)),
  fc.oneof(hash, fc.constant(ABSENT)),
);

describe("Suppressions", () => {
  it("finds exactly the events that name one of the users in any of three ids", () => {
    fc.assert(
      fc.property(
        fc.array(hash, { maxLength: 40 }),
        fc.array(event, { minLength: 1, maxLength: 20 }),
        (users, events) => {
          const list = new Suppressions(async () => undefined);
          list.take({ version: 1, hashes: concatBytes(users) });

          const found = list.find(concatBytes(events.flat()));

          const named = new Set(users.map(String));
          const wanted = events.map((ids) =>
            ids.some((id) => String(id) !== String(ABSENT) && named.has(String(id))) ? 1 : 0,
          );
          expect(found === undefined ? events.map(() => 0) : [...found]).toEqual(wanted);
        },
      ),
    );
  });

  it("never goes back to an earlier version", () => {
    const list = new Suppressions(async () => undefined);
    const user = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    list.take({ version: 2, hashes: user });

    list.take({ version: 1, hashes: new Uint8Array() });

    expect(list.find(concatBytes([user, ABSENT, ABSENT]))).toEqual(Uint8Array.of(1));
  });

  it("does not hold a version that it could not load", async () => {
    const list = new Suppressions(() => Promise.reject(new Error("away")));

    expect(await list.follow(1)).toBe(false);
  });

  it("does not hold a version when it was given an earlier one", async () => {
    const list = new Suppressions(async () => ({ version: 1, hashes: new Uint8Array() }));

    expect(await list.follow(2)).toBe(false);
  });

  it("asks nobody while nobody was ever suppressed", async () => {
    let asked = 0;
    const list = new Suppressions(async () => {
      asked += 1;
      return undefined;
    });

    await list.follow(undefined);

    expect(asked).toBe(0);
  });
});
