import { describe, expect, it } from "vitest";

import { sipHash128 } from "../../../src/core/siphash.ts";
import { acceptEvents } from "../../../src/ingest/accept-events.ts";
import { fingerprintText, hashAnonymousId, hashUserId } from "../../../src/ingest/event-hashes.ts";
import { EVENT_BYTES_MAX, EVENTS_MAX, PROPERTIES_MAX } from "../../../src/ingest/limits.ts";
import { acceptBatch, acceptOne, KEY, payloadOf } from "../../support/accepted.ts";

const IDS = '"type":"track","event":"e","userId":"u"';

function batchOf(...items: string[]): string {
  return `{"batch":[${items.join(",")}]}`;
}

function printOf(text: string): Uint8Array {
  const print = new Uint8Array(16);
  sipHash128(KEY, text, print, 0);
  return print;
}

function hashed(hash: typeof hashUserId, id: string): Uint8Array {
  const out = new Uint8Array(8);
  hash(KEY, id, out);
  return out;
}

describe("acceptEvents()", () => {
  it("says where each line ends, in bytes", () => {
    const { lines, ends } = acceptBatch(
      batchOf(`{${IDS},"p":"é"}`, `{${IDS}}`, `{${IDS},"p":"€"}`),
    );

    const text = new TextDecoder().decode(lines);
    const sizes = text.split("\n").map((line) => new TextEncoder().encode(`${line}\n`).length);
    expect([...ends]).toEqual([sizes[0], (sizes[0] ?? 0) + (sizes[1] ?? 0), lines.length]);
  });

  it("hands over arrays that are no views: RPC would send all that is behind them", () => {
    const accepted = acceptBatch(batchOf(`{${IDS}}`));

    for (const array of [accepted.lines, accepted.prints, accepted.users]) {
      expect(array.buffer.byteLength).toBe(array.byteLength);
    }
  });

  it("fingerprints the messageId", () => {
    const { prints } = acceptBatch(batchOf(`{${IDS},"messageId":"m-\\u0031"}`));

    expect(prints).toEqual(printOf("m-1"));
  });

  it("fingerprints the id it made, so that two events without one are two", () => {
    const random = (length: number): Uint8Array => new Uint8Array(length).map(() => next++);
    let next = 0;

    const { prints } = acceptEvents([payloadOf(batchOf(`{${IDS}}`, `{${IDS}}`), "batch")], {
      stamp: { receivedAtMs: 0, sourceId: "src_eu_0", channel: "server", ip: undefined },
      pathType: undefined,
      key: KEY,
      random,
    });

    expect(prints.slice(0, 16)).not.toEqual(prints.slice(16));
  });

  it("tells two messageIds of lone surrogates apart", () => {
    expect(fingerprintText("\ud800")).not.toBe(fingerprintText("\ud801"));
  });

  it("hashes userId, previousId and anonymousId, in that order", () => {
    const { users } = acceptOne(
      '{"userId":"new","previousId":"old","anonymousId":"anon"}',
      {},
      "alias",
    );

    expect(users).toEqual(
      Uint8Array.from([
        ...hashed(hashUserId, "new"),
        ...hashed(hashUserId, "old"),
        ...hashed(hashAnonymousId, "anon"),
      ]),
    );
  });

  it("hashes an id that comes again the same, in whichever place", () => {
    const { users } = acceptBatch(
      batchOf(
        '{"type":"identify","userId":"u"}',
        '{"type":"alias","userId":"v","previousId":"u"}',
        '{"type":"identify","userId":"u"}',
      ),
    );

    const own = hashed(hashUserId, "u");
    expect([users.slice(0, 8), users.slice(32, 40), users.slice(48, 56)]).toEqual([own, own, own]);
  });

  it.each(["é", "€\u0080", "😀", "plain beside é"])("hashes %s as what it says", (id) => {
    const { users, prints } = acceptBatch(
      JSON.stringify({ batch: [{ type: "identify", userId: id, messageId: id, x: "é" }] }),
    );

    expect([users.slice(0, 8), prints]).toEqual([hashed(hashUserId, id), printOf(id)]);
  });

  it("leaves zeros for an absent id", () => {
    const { users } = acceptBatch(batchOf('{"type":"identify","userId":"u","anonymousId":null}'));

    expect(users.slice(8)).toEqual(new Uint8Array(16));
  });

  it("knows a number by its digits, however many", () => {
    const { users } = acceptBatch(batchOf('{"type":"identify","userId":12345678901234567890}'));

    expect(users.slice(0, 8)).toEqual(hashed(hashUserId, "12345678901234567890"));
  });

  it("counts each refused item by its code and keeps the others", () => {
    const accepted = acceptBatch(batchOf(`{${IDS}}`, "1", '{"type":"track"}', "[]", `{${IDS}}`));

    expect([accepted.ends.length, accepted.refused]).toEqual([
      2,
      { bad_request: 2, no_user_anon_id: 1 },
    ]);
  });

  it("says which item was refused first", () => {
    const accepted = acceptBatch(batchOf(`{${IDS}}`, "1", '{"type":"track"}'));

    expect(accepted.firstRefusal).toEqual({ code: "bad_request", item: 1 });
  });

  it("counts an empty batch", () => {
    expect(acceptBatch('{"batch":[]}').refused).toEqual({ empty_batch: 1 });
  });

  it(`keeps ${EVENTS_MAX} events and counts the rest`, () => {
    const items = Array.from({ length: EVENTS_MAX + 3 }, () => `{${IDS}}`);

    const accepted = acceptBatch(batchOf(...items));

    expect([accepted.ends.length, accepted.refused]).toEqual([EVENTS_MAX, { too_many_events: 3 }]);
  });

  it(`keeps an event of ${EVENT_BYTES_MAX} bytes and refuses one byte more, counted as UTF-8`, () => {
    const sized = (bytes: number): string => {
      const empty = `{${IDS},"p":"é"}`;
      return `{${IDS},"p":"é${"x".repeat(bytes - new TextEncoder().encode(empty).length)}"}`;
    };

    const accepted = acceptBatch(batchOf(sized(EVENT_BYTES_MAX), sized(EVENT_BYTES_MAX + 1)));

    expect([accepted.ends.length, accepted.refused]).toEqual([1, { event_too_large: 1 }]);
  });

  it("counts what an event takes over from its batch towards the event's size", () => {
    const context = JSON.stringify({ x: "x".repeat(EVENT_BYTES_MAX - 100) });
    const items = `{${IDS}},{${IDS},"p":"${"x".repeat(100)}"}`;

    const accepted = acceptBatch(`{"context":${context},"batch":[${items}]}`);

    expect([accepted.ends.length, accepted.refused]).toEqual([1, { event_too_large: 1 }]);
  });

  it(`never meets ${PROPERTIES_MAX} properties: the smallest ones are too large together`, () => {
    const smallest = '"":0,'.length;

    expect(PROPERTIES_MAX * smallest).toBeGreaterThan(EVENT_BYTES_MAX);
  });
});
