import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Append } from "../../../../src/ingest/append.ts";
import {
  CHUNK_EVENTS_MAX,
  CHUNK_LINES_BYTES_MAX,
  packChunks,
  type Part,
} from "../../../../src/ingest/queue/chunk.ts";
import { ROW_BYTES_MAX } from "../../../../src/core/limits.ts";
import { appendOf, messageIdsIn, printOf } from "../../../support/appends.ts";

const part = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 12 })
  .map((flags): { part: Part; kept: string[] } => {
    const ids = flags.map(() => `m${Math.random()}`);
    const keep = flags.flatMap((flag, index) => (flag ? [index] : []));
    return { part: { append: appendOf(ids), keep }, kept: keep.map((index) => ids[index] ?? "") };
  });

/** An append of `count` lines of `bytes` bytes each. */
function bulk(count: number, bytes: number): Append {
  const line = `{"messageId":"${"x".repeat(bytes - 17)}"}\n`;
  const append = appendOf(Array.from({ length: count }, (_, i) => `${i}`));
  return {
    ...append,
    lines: new TextEncoder().encode(line.repeat(count)),
    ends: Uint32Array.from({ length: count }, (_, i) => (i + 1) * line.length),
  };
}

describe("packChunks()", () => {
  it("keeps exactly the events asked for, in order", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const chunks = packChunks(parts.map((each) => each.part));

        expect(chunks.flatMap((chunk) => messageIdsIn(chunk.lines))).toEqual(
          parts.flatMap((each) => each.kept),
        );
      }),
    );
  });

  it("keeps each event's fingerprint beside its line", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        for (const chunk of packChunks(parts.map((each) => each.part))) {
          const prints = messageIdsIn(chunk.lines).map(printOf);
          expect(chunk.prints).toEqual(new Uint8Array(Buffer.concat(prints)));
        }
      }),
    );
  });

  it("never makes a row that production would refuse", () => {
    const parts = [bulk(60, 32_900), bulk(2_500, 700), bulk(9_000, 40)].map((append): Part => ({
      append,
      keep: undefined,
    }));
    for (const chunk of packChunks(parts)) {
      expect(chunk.lines.length).toBeLessThanOrEqual(CHUNK_LINES_BYTES_MAX);
      expect(chunk.events).toBeLessThanOrEqual(CHUNK_EVENTS_MAX);
      expect(chunk.lines.length + chunk.prints.length + chunk.users.length).toBeLessThan(
        ROW_BYTES_MAX - 100_000,
      );
    }
  });

  it("does not copy the lines of a single whole append", () => {
    const append = appendOf(["a", "b"]);

    const [chunk] = packChunks([{ append, keep: undefined }]);

    expect(chunk?.lines.buffer).toBe(append.lines.buffer);
  });
});
