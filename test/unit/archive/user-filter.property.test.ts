import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buildUserFilter,
  MATCHES_EVERYONE,
  matchesAny,
  prepareUsers,
  userFilterBytesMax,
} from "../../../src/archive/user-filter.ts";
import { sipHash128, sipKey, SIP_HASH_BYTES } from "../../../src/core/siphash.ts";

const HASH_BYTES = 8;
const FALSE_POSITIVES_MAX = 2e-5;

/** Hashes of random texts, made as the product makes them. */
function hashesOf(texts: readonly string[]): Uint8Array {
  const key = sipKey("000102030405060708090a0b0c0d0e0f");
  const all = new Uint8Array(texts.length * HASH_BYTES);
  const one = new Uint8Array(SIP_HASH_BYTES);
  for (const [i, text] of texts.entries()) {
    sipHash128(key, text, one, 0);
    all.set(one.subarray(0, HASH_BYTES), i * HASH_BYTES);
  }
  return all;
}

const single = fc
  .uint8Array({ minLength: HASH_BYTES, maxLength: HASH_BYTES })
  .filter((hash) => hash.some((byte) => byte !== 0));
const many = fc.array(single, { minLength: 1, maxLength: 200 });
const join = (hashes: readonly Uint8Array[]) =>
  Uint8Array.from(hashes.flatMap((hash) => [...hash]));

describe("buildUserFilter()", () => {
  it("makes filters that never miss a hash that is inside", () => {
    fc.assert(
      fc.property(many, fc.nat(), (hashes, pick) => {
        const inside = hashes[pick % hashes.length] ?? new Uint8Array();

        expect(matchesAny(buildUserFilter(join(hashes)), prepareUsers(inside))).toBe(true);
      }),
    );
  });

  it("never misses one hash among many that are not inside", () => {
    const filter = buildUserFilter(hashesOf(["someone"]));
    const others = Array.from({ length: 5000 }, (_, i) => `other ${i}`);

    expect(matchesAny(filter, prepareUsers(hashesOf([...others, "someone"])))).toBe(true);
  });

  it("makes the same bytes of the same set, whatever the order and the repeats", () => {
    fc.assert(
      fc.property(many, (hashes) => {
        const shuffled = [...hashes, new Uint8Array(HASH_BYTES), ...hashes.toReversed()];

        expect(buildUserFilter(join(shuffled))).toEqual(buildUserFilter(join(hashes)));
      }),
    );
  });

  it("stays within its stated size, also for hashes that lie as far apart as they can", () => {
    fc.assert(
      fc.property(many, (hashes) => {
        const { byteLength } = buildUserFilter(join(hashes));

        expect(byteLength).toBeLessThanOrEqual(userFilterBytesMax(hashes.length));
      }),
    );
  });

  it("matches nobody when all hashes are absent", () => {
    const filter = buildUserFilter(new Uint8Array(5 * HASH_BYTES));

    expect(matchesAny(filter, prepareUsers(hashesOf(["a", "b"])))).toBe(false);
  });

  it("refuses bytes that are no whole number of hashes", () => {
    expect(() => buildUserFilter(new Uint8Array(HASH_BYTES + 1))).toThrow(RangeError);
  });
});

describe("matchesAny()", () => {
  it.each([1, 100, 4096, 4097])("is wrong for at most 2e-5 of strangers, %s users", (users) => {
    // Rare events scatter, so the probes are many and the bound is the promise, not the mean.
    const filter = buildUserFilter(hashesOf(Array.from({ length: users }, (_, i) => `user ${i}`)));
    const probes = 2 ** 21;
    const wrong = countMatches(filter, probes);

    expect(wrong / probes).toBeLessThanOrEqual(FALSE_POSITIVES_MAX);
  });

  it("matches everyone when the filter is cut short", () => {
    const filter = buildUserFilter(hashesOf(["a", "b", "c"]));
    const stranger = prepareUsers(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255));

    expect(matchesAny(filter.subarray(0, -1), stranger)).toBe(true);
  });

  it("matches everyone when a file could not be read to its end", () => {
    expect(matchesAny(MATCHES_EVERYONE, prepareUsers(hashesOf(["a"])))).toBe(true);
  });

  it("matches nobody when nobody is asked for", () => {
    expect(matchesAny(buildUserFilter(hashesOf(["a"])), prepareUsers(new Uint8Array()))).toBe(
      false,
    );
  });
});

/** Asks in halves: a block of strangers is split only where it matches, so millions stay cheap. */
function countMatches(filter: Uint8Array, probes: number): number {
  const strangers = new Uint8Array(probes * HASH_BYTES);
  const words = new Uint32Array(strangers.buffer);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    words[i] = (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const count = (from: number, to: number): number => {
    const query = prepareUsers(strangers.subarray(from * HASH_BYTES, to * HASH_BYTES));
    if (!matchesAny(filter, query)) return 0;
    if (to - from === 1) return 1;
    const middle = (from + to) >>> 1;
    return count(from, middle) + count(middle, to);
  };
  let matches = 0;
  const block = 8192;
  for (let from = 0; from < probes; from += block) matches += count(from, from + block);
  return matches;
}
