import { expect, it } from "vitest";

import { freeBytes, freeWhole } from "../../../src/core/free-bytes.ts";

it("freeBytes() takes the memory of a whole buffer, also through a part of it", () => {
  const whole = new Uint32Array(1000);

  freeBytes(whole.subarray(10, 20));

  expect(whole.buffer.byteLength).toBe(0);
});

it("freeWhole() leaves a buffer alone of which it was given a part", () => {
  const [part, whole] = [new Uint8Array(1000), new Uint8Array(1000)];

  freeWhole(part.subarray(10, 20), whole);

  expect([part.byteLength, whole.byteLength]).toEqual([1000, 0]);
});
