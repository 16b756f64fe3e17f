import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  decodeNumber,
  encodeBase32,
  encodeNumber,
  randomBase32,
} from "../../../src/core/base32.ts";

describe("encodeBase32()", () => {
  it("writes five bits a character, most significant first", () => {
    expect(encodeBase32(new Uint8Array([0xff, 0x00]))).toBe("zw00");
  });

  it("tells any two byte sequences of one length apart", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const other = bytes.map((byte, i) => (i === at % bytes.length ? byte ^ change : byte));

          expect(encodeBase32(other)).not.toBe(encodeBase32(bytes));
        },
      ),
    );
  });
});

describe("randomBase32()", () => {
  it("gives exactly the characters asked for, of the alphabet", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (chars) => {
        const text = randomBase32(chars, (length) => new Uint8Array(length).fill(0xa7));

        expect(text).toMatch(new RegExp(`^[0-9abcdefghjkmnpqrstvwxyz]{${chars}}$`));
      }),
    );
  });
});

describe("encodeNumber()", () => {
  it("is read back by decodeNumber()", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1023 }), (value) => {
        expect(decodeNumber(encodeNumber(value, 2))).toBe(value);
      }),
    );
  });

  it.each([-1, 1024, 1.5, Number.NaN])("refuses %s in two characters", (value) => {
    expect(() => encodeNumber(value, 2)).toThrow(RangeError);
  });
});

describe("decodeNumber()", () => {
  it.each(["i", "l", "o", "u", "A", "-", " "])("refuses the character %j", (char) => {
    expect(decodeNumber(`0${char}`)).toBeUndefined();
  });
});
