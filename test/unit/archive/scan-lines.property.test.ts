import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readEvent } from "../../../src/archive/read-event.ts";
import { ID_KINDS, scanFile, type Stretch } from "../../../src/archive/scan-lines.ts";
import { sipKey } from "../../../src/core/siphash.ts";
import { hashAnonymousId, hashUserId } from "../../../src/ingest/event-hashes.ts";

const KEY = sipKey("000102030405060708090a0b0c0d0e0f");
const encoder = new TextEncoder();

/** JSON of an id or of something in its place, plain and in every odd way of writing it. */
const value = fc.oneof(
  fc.constantFrom(
    '"u1"',
    '"\\u00751"',
    '"ü"',
    '"a\\nb"',
    '""',
    "null",
    "42",
    "-0",
    "1.50",
    "1e3",
    "12345678901234567890",
    "true",
    "{}",
    '["u1"]',
    '"\u007f"',
    '"\ud800"',
    "01",
    '"cut',
  ),
  fc.string({ unit: "binary", maxLength: 30 }).map((text) => JSON.stringify(text)),
  fc.double().map((number) => JSON.stringify(number)),
);
const time = fc.oneof(
  fc.date({ noInvalidDate: false }).map((date) => JSON.stringify(date)),
  fc.constantFrom(
    '"2026-02-29T00:00:00.000Z"',
    '"2028-02-29T00:00:00.000Z"',
    '"2026-04-31T00:00:00.000Z"',
    '"2026-11-22T24:00:00.000Z"',
    '"2026-11-22T04:00:00.000z"',
    '"2026-11-22T04:00:00Z"',
    '"2026-11-22"',
    '"2026-11-22T04:00:00.000+"',
    "1795320000000",
    '"\\u0032026-11-22T04:00:00.000Z"',
  ),
);
const name = fc.constantFrom('"userId"', '"previousId"', '"anonymousId"', '"user\\u0049d"', '"x"');
const member = fc.oneof(
  fc.tuple(name, value).map(([left, right]) => `${left}:${right}`),
  time.map((right) => `"receivedAt":${right}`),
  fc.json({ maxDepth: 2 }).map((right) => `"properties" : ${right}`),
);
const space = fc.constantFrom("", " ", "\t", "\r");
const line = fc
  .oneof(
    { weight: 6, arbitrary: fc.array(member, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom([",", '"userId":"u1"'], ['"userId"'], ['"a":']) },
  )
  .chain((members) =>
    fc.tuple(space, space).map(([a, b]) => `${a}{${members.join(`${b},${a}`)}}${b}`),
  );
const anything = fc.oneof(
  { weight: 8, arbitrary: line },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", "")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("{", "}", "[]", '{"userId":"u1"', '{"userId":"u1"}}', "\ufeff{}"),
  },
);

/** All that a scan says of a line. */
type Seen = {
  readonly text: string;
  readonly isEvent: boolean;
  readonly hashes: readonly string[];
  readonly receivedAtMs: number;
};

async function scan(text: string): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  await scanFile(new Blob([text]).stream(), KEY, (stretch: Stretch) => {
    for (let i = 0; i < stretch.lines; i++) {
      const bytes = stretch.bytes.subarray(stretch.start(i), stretch.end(i));
      const hashes = ID_KINDS.map((kind) => [stretch.hashHigh(i, kind), stretch.hashLow(i, kind)]);
      seen.push({
        text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
        isEvent: stretch.isEvent(i),
        hashes: hashes
          .map(String)
          .filter((hash) => hash !== "0,0")
          .toSorted(),
        receivedAtMs: stretch.receivedAtMs(i),
      });
    }
  });
  return seen;
}

function readAsJson(text: string): Seen {
  const read = readEvent(encoder.encode(text));
  const { userIds = [], anonymousIds = [] } = read?.users ?? {};
  const hashes = [
    ...userIds.map((id) => hashOf(hashUserId, id)),
    ...anonymousIds.map((id) => hashOf(hashAnonymousId, id)),
  ];
  const { receivedAt } = read?.event ?? {};
  return {
    text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoder.encode(text)),
    isEvent: read !== undefined,
    hashes: hashes.toSorted(),
    receivedAtMs: typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN,
  };
}

function hashOf(write: typeof hashUserId, id: string): string {
  const out = new Uint8Array(8);
  write(KEY, id, out);
  const view = new DataView(out.buffer);
  return String([view.getUint32(0), view.getUint32(4)]);
}

describe("scanFile()", () => {
  it("says of every line what reading it as JSON says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 8 }), async (lines) => {
        const seen = await scan(lines.join("\n"));

        expect(seen).toEqual(lines.filter((text) => text !== "").map(readAsJson));
      }),
      { numRuns: 500 },
    );
  });

  it("shows every byte once, in its order, however long lines are", async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (sizes, isEnded) => {
        const text = sizes.map((size) => "x".repeat(size)).join("\n") + (isEnded ? "\n" : "");
        const shown: string[] = [];
        await scanFile(new Blob([text]).stream(), KEY, ({ bytes }) => {
          shown.push(new TextDecoder().decode(bytes));
        });

        expect(shown.join("") === text).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("shows files of very many lines", async () => {
    const seen = await scan('{"userId":"u1"}\n\n'.repeat(20_000));

    expect([seen.length, seen.at(-1)?.hashes.length]).toEqual([20_000, 1]);
  });

  it("ends at a line that is longer than any may be", async () => {
    const text = `{}\n${"x".repeat(2_000_000)}`;

    await expect(scan(text)).rejects.toThrow("line-too-long");
  });
});
