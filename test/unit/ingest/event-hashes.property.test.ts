import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { sipHash128 } from "../../../src/core/siphash.ts";
import {
  EventHashes,
  fingerprintText,
  hashAnonymousId,
  hashUserId,
} from "../../../src/ingest/event-hashes.ts";
import { EventView } from "../../../src/ingest/event-view.ts";
import { KEY, payloadOf } from "../../support/accepted.ts";

/** Ids as SDKs write them, and as nobody should: any text, escaped more than is needed or not. */
const ids = fc
  .tuple(fc.string({ unit: "binary", minLength: 1 }), fc.boolean())
  .map(([text, isEscaped]) => (isEscaped ? escapeAll(text) : JSON.stringify(text)));

function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
}

function hashesOf(json: string): { readonly prints: Uint8Array; readonly users: Uint8Array } {
  const payload = payloadOf(json, "event");
  const view = new EventView(payload);
  view.show(0);
  const hashes = new EventHashes(1, KEY);
  try {
    hashes.begin(payload);
    hashes.set(0, view, undefined);
    return hashes.take(1);
  } finally {
    hashes.giveBack();
  }
}

function printOf(text: string): Uint8Array {
  const print = new Uint8Array(16);
  sipHash128(KEY, fingerprintText(text), print, 0);
  return print;
}

function userOf(write: typeof hashUserId, text: string): Uint8Array {
  const hash = new Uint8Array(8);
  write(KEY, text, hash);
  return hash;
}

describe("ids hashed where they stand in the body", () => {
  it("have the hash of their text, however it was written", () => {
    fc.assert(
      fc.property(ids, ids, ids, ids, (messageId, userId, previousId, anonymousId) => {
        const { prints, users } = hashesOf(
          `{"messageId":${messageId},"userId":${userId},"previousId":${previousId},"anonymousId":${anonymousId}}`,
        );

        expect(prints).toEqual(printOf(JSON.parse(messageId) as string));
        expect(users.slice(0, 8)).toEqual(userOf(hashUserId, JSON.parse(userId) as string));
        expect(users.slice(8, 16)).toEqual(userOf(hashUserId, JSON.parse(previousId) as string));
        expect(users.slice(16)).toEqual(userOf(hashAnonymousId, JSON.parse(anonymousId) as string));
      }),
    );
  });

  it.each([
    ["12345678901234567890", "12345678901234567890"],
    ["-7", "-7"],
    ["1.50", "1.5"],
    ["1e3", "1000"],
  ])("are those of a number as text: %s", (json, text) => {
    expect(hashesOf(`{"messageId":"m","userId":${json}}`).users.slice(0, 8)).toEqual(
      userOf(hashUserId, text),
    );
  });

  it.each(["null", '""', "{}", "[1]", "true"])("are none for %s", (json) => {
    expect(hashesOf(`{"messageId":"m","userId":${json}}`).users).toEqual(new Uint8Array(24));
  });
});
