import { expect, it } from "vitest";
import { freeWords } from "../../../../../src/ingest/queue/dedup/free-words.ts";

it("freeWords() takes the memory of a whole buffer, also through a part of it", () => {
  const whole = new Uint32Array(1000);

  freeWords(whole.subarray(10, 20));

  expect(whole.buffer.byteLength).toBe(0);
});
