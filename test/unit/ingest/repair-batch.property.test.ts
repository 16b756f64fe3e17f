import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readPayload } from "../../../src/ingest/payload.ts";
import { repairBatch } from "../../../src/ingest/repair-batch.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Events as JSON texts, with all that strings may hold: brackets, commas, escaped NULs. */
const events = fc.array(
  fc
    .dictionary(fc.string({ unit: "binary" }), fc.jsonValue())
    .map((value) => JSON.stringify(value).replaceAll("__proto__", "proto")),
  { maxLength: 6 },
);
const noise = fc.array(fc.constantFrom(",", "\0", " ", "\n"), { maxLength: 4 });

/** The texts of the events in a repaired body, in order. */
function eventTexts(envelopes: readonly Uint8Array[]): string[] {
  return envelopes.flatMap((envelope) => {
    const read = readPayload(envelope, "batch");
    if (!read.ok) throw new Error("Cannot read a repaired envelope");
    const { bytes, items } = read.value;
    return Array.from({ length: items.count }, (_, i) =>
      decoder.decode(bytes.slice(items.start(i), items.end(i))),
    );
  });
}

describe("repairBatch()", () => {
  it("brings back exactly the events, whatever commas and NULs stand between them", () => {
    const damaged = fc.array(
      fc.tuple(
        events.chain((texts) =>
          fc
            .array(noise, { minLength: texts.length + 1, maxLength: texts.length + 1 })
            .map((gaps) => ({ texts, gaps })),
        ),
        noise,
      ),
      { minLength: 1, maxLength: 3 },
    );

    fc.assert(
      fc.property(damaged, (envelopes) => {
        const body = envelopes
          .map(([{ texts, gaps }, after]) => {
            const inner = gaps.map((gap, i) => gap.join("") + (texts[i] ?? "")).join("");
            return `{"sentAt":"x","batch":[${inner}]}${after.join("")}`;
          })
          .join("");

        const repaired = repairBatch(encoder.encode(body));

        expect(eventTexts(repaired ?? [])).toEqual(envelopes.flatMap(([{ texts }]) => texts));
      }),
    );
  });

  it("never makes an event of bytes that did not stand together, whatever is put in", () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{"batch":[',
        "]}",
        "]",
        "}",
        "{",
        '{"a":1}',
        '{"b":"]}"}',
        ",",
        "\0",
        '"x"',
        "[",
      ),
      { maxLength: 14 },
    );

    fc.assert(
      fc.property(pieces, (parts) => {
        const body = parts.join("");
        const repaired = repairBatch(encoder.encode(body)) ?? [];

        let from = 0;
        for (const text of eventTexts(repaired)) {
          const at = body.indexOf(text, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + text.length;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
