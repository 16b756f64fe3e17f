import { concatBytes } from "../../src/core/bytes.ts";
import { sipHash128, sipKey } from "../../src/core/siphash.ts";
import type { Append } from "../../src/ingest/append.ts";

const KEY = sipKey("000102030405060708090a0b0c0d0e0f");
const encoder = new TextEncoder();

/** An append of track calls with these messageIds, as the Worker would hand it over. */
export function appendOf(messageIds: readonly string[], changes: Partial<Append> = {}): Append {
  const lines = messageIds.map((messageId) => encoder.encode(`{"messageId":"${messageId}"}\n`));
  const prints = new Uint8Array(16 * messageIds.length);
  const users = new Uint8Array(24 * messageIds.length);
  for (const [i, messageId] of messageIds.entries()) {
    sipHash128(KEY, messageId, prints, 16 * i);
    users.set(prints.subarray(16 * i, 16 * i + 8), 24 * i);
  }
  let end = 0;
  return {
    v: 1,
    epoch: 1,
    keyVersion: 1,
    receivedAtMs: 1_800_000_000_000,
    lines: concatBytes(lines),
    ends: Uint32Array.from(lines, (line) => (end += line.length)),
    prints,
    users,
    refused: {},
    ...changes,
  };
}

/** The fingerprint that {@link appendOf} gives a messageId. */
export function printOf(messageId: string): Uint8Array {
  const print = new Uint8Array(16);
  sipHash128(KEY, messageId, print, 0);
  return print;
}

/** The messageIds in NDJSON that {@link appendOf} wrote, in order. */
export function messageIdsIn(ndjson: Uint8Array): string[] {
  return new TextDecoder()
    .decode(ndjson)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice('{"messageId":"'.length, -'"}'.length));
}
