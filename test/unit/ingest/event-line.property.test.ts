import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { acceptBatch, lineOf, RECEIVED_AT } from "../../support/accepted.ts";

const HEAD =
  `{"receivedAt":"${RECEIVED_AT}","projectId":"src_eu_0","channel":"server","version":2,` +
  `"timestamp":"${RECEIVED_AT}",`;
const IDS = '"type":"page","userId":"u","messageId":"m"';

/** Objects whose member names are anything but those the tracking API owns. */
const objects = fc.dictionary(
  fc.string({ unit: "binary" }).map((name) => `x${name}`),
  fc.jsonValue({ maxDepth: 4 }),
  { maxKeys: 6 },
);
const names = fc.constantFrom("a", "b", "__proto__", "constructor", "é", '"', "library");
const contexts = fc.array(fc.tuple(names, fc.jsonValue({ maxDepth: 1 })), { maxLength: 5 });
const gaps = fc.constantFrom(" ", "\n", "\t", "\r\n");

function members(text: string): Map<string, string> {
  const value = JSON.parse(text) as Record<string, unknown>;
  return new Map(Object.entries(value).map(([name, inner]) => [name, JSON.stringify(inner)]));
}

/** JSON that may have a name twice, which an object could not hold. */
function textOf(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

describe("a line", () => {
  it("ends with any event's members byte by byte", () => {
    fc.assert(
      fc.property(objects, (event) => {
        const rest = [IDS, JSON.stringify(event).slice(1, -1)].filter((part) => part !== "");

        const line = lineOf(acceptBatch(`{"batch":[{${rest.join(",")}}]}`));

        expect(line).toBe(`${HEAD}${rest.join(",")}}`);
      }),
    );
  });

  it("means the same as the event, however it is laid out", () => {
    fc.assert(
      fc.property(objects, gaps, (event, gap) => {
        const text = JSON.stringify(
          { ...event, type: "page", userId: "u", messageId: "m" },
          null,
          gap,
        );

        const line = lineOf(acceptBatch(`{"batch":[${text}]}`));

        const kept = members(line);
        expect(line).not.toMatch(/[\r\n]/);
        for (const [name, value] of members(text)) expect(kept.get(name)).toBe(value);
      }),
    );
  });

  it("merges any two contexts as Object.assign would", () => {
    fc.assert(
      fc.property(contexts, contexts, (shared, own) => {
        const line = lineOf(
          acceptBatch(`{"context":${textOf(shared)},"batch":[{${IDS},"context":${textOf(own)}}]}`),
        );

        const merged = new Map([...members(textOf(shared)), ...members(textOf(own))]);
        const context: unknown = (JSON.parse(line) as Record<string, unknown>)["context"];
        expect(members(JSON.stringify(context ?? {}))).toEqual(merged);
      }),
    );
  });
});
