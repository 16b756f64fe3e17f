import type { RandomBytes } from "../core/base32.ts";
import { sipHash128, sipHash64, type SipKey } from "../core/siphash.ts";
import { PRINT_BYTES, USER_HASH_BYTES, USER_HASHES_PER_EVENT } from "./append.ts";
import { isEventType, refusalOf, type EventType } from "./check-event.ts";
import type { ItemCode } from "./codes.ts";
import { EventLines, type Stamp } from "./event-line.ts";
import { EventView } from "./event-view.ts";
import { EVENT_BYTES_MAX, EVENTS_MAX } from "./limits.ts";
import { lineBufferFor } from "./line-buffer.ts";
import { NAME } from "./member-names.ts";
import { sharedBytesOf, type Payload } from "./payload.ts";

/** What the events of a request are accepted with. */
export type AcceptOptions = {
  readonly stamp: Stamp;
  /** The call of the path, for a single event; it wins over what the body says. */
  readonly pathType: EventType | undefined;
  /** Keys the hashes; the source's own. */
  readonly key: SipKey;
  readonly random: RandomBytes;
};

/** The events of a request that are kept, as an append holds them, and why others are not. */
export type Acceptance = {
  readonly lines: Uint8Array;
  readonly ends: Uint32Array;
  readonly prints: Uint8Array;
  readonly users: Uint8Array;
  /** Items that are not kept, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** The first of them, counted from 0 over the whole request. */
  readonly firstRefusal: { readonly code: ItemCode; readonly item: number } | undefined;
};

/** Bytes that an event gains on the way; only a guess, for the size of the first buffer. */
const GAIN_BYTES = 288;

const USERS_BYTES = USER_HASH_BYTES * USER_HASHES_PER_EVENT;

/**
 * User ids and anonymous ids are hashed under keys of their own, so that the same text as one and as
 * the other has two hashes; previous ids are user ids.
 */
const USER_TAG = 0x75736572;
const ANONYMOUS_TAG = 0x616e6f6e;

/** What our own messageIds begin with. */
const MADE_ID_PREFIX = "hp-";

/** Checks the events of a request and writes those that can be kept as lines of the archive. */
export function acceptEvents(payloads: readonly Payload[], options: AcceptOptions): Acceptance {
  const count = payloads.reduce((sum, { items }) => sum + items.count, 0);
  const room = payloads.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const out = lineBufferFor(payloads, room + Math.min(count, EVENTS_MAX) * GAIN_BYTES);
  const hashes = new EventHashes(Math.min(count, EVENTS_MAX), options.key);
  const refusals = new Refusals();
  let item = 0;
  for (const payload of payloads) {
    const view = new EventView(payload);
    const lines = new EventLines(view, options.stamp, out);
    const itemBytesMax = EVENT_BYTES_MAX - sharedBytesOf(payload);
    for (let i = 0; i < payload.items.count; i++, item++) {
      view.show(i);
      const checked =
        item < EVENTS_MAX ? check(view, options.pathType, itemBytesMax) : "too_many_events";
      if (!isEventType(checked)) {
        refusals.add(checked, item);
        continue;
      }
      const isUnnamed = view.id(NAME.messageId) === undefined;
      const madeId = isUnnamed ? makeId(options.random) : undefined;
      hashes.set(out.lineCount, view, madeId);
      lines.write({ type: checked, madeId });
    }
  }
  if (count === 0) refusals.add("empty_batch", 0);
  return {
    ...out.take(),
    ...hashes.take(out.lineCount),
    refused: refusals.counts(),
    firstRefusal: refusals.first,
  };
}

/** The event's type, or the code it is refused with. */
function check(
  view: EventView,
  pathType: EventType | undefined,
  bytesMax: number,
): EventType | ItemCode {
  const { items } = view.payload;
  const start = items.starts[view.index] ?? 0;
  if ((items.ends[view.index] ?? 0) - start > bytesMax) return "event_too_large";
  if (!view.isObject) return "bad_request";
  if (pathType === undefined && view.isAbsent(NAME.type)) return "missing_type";
  const type = pathType ?? view.string(NAME.type);
  return isEventType(type) ? (refusalOf(view, type) ?? type) : "invalid_type";
}

/**
 * The text a messageId is fingerprinted by. Lone surrogates, which only escapes can bring, are all
 * the same in UTF-8; their escapes are not.
 */
export function fingerprintText(messageId: string): string {
  return messageId.isWellFormed() ? messageId : JSON.stringify(messageId);
}

/** Writes the hash of a user id, as filters and shards use it, into `out`. */
export function hashUserId(key: SipKey, userId: string, out: Uint8Array): void {
  sipHash64(taggedKey(key, USER_TAG), userId, out, 0);
}

/** Writes the hash of an anonymous id, as filters and shards use it, into `out`. */
export function hashAnonymousId(key: SipKey, anonymousId: string, out: Uint8Array): void {
  sipHash64(taggedKey(key, ANONYMOUS_TAG), anonymousId, out, 0);
}

function taggedKey(key: SipKey, tag: number): SipKey {
  const tagged = key.slice();
  tagged[0] = (tagged[0] ?? 0) ^ tag;
  return tagged;
}

/** Fingerprints and user hashes of the events kept so far. */
class EventHashes {
  readonly #key: SipKey;
  readonly #userKey: SipKey;
  readonly #anonymousKey: SipKey;
  readonly #prints: Uint8Array;
  readonly #users: Uint8Array;

  constructor(count: number, key: SipKey) {
    this.#key = key;
    this.#userKey = taggedKey(key, USER_TAG);
    this.#anonymousKey = taggedKey(key, ANONYMOUS_TAG);
    this.#prints = new Uint8Array(count * PRINT_BYTES);
    this.#users = new Uint8Array(count * USERS_BYTES);
  }

  set(event: number, view: EventView, madeId: string | undefined): void {
    const messageId = madeId ?? view.id(NAME.messageId) ?? "";
    sipHash128(this.#key, fingerprintText(messageId), this.#prints, event * PRINT_BYTES);
    const at = event * USERS_BYTES;
    this.#user(at, view.id(NAME.userId), this.#userKey);
    this.#user(at + USER_HASH_BYTES, view.id(NAME.previousId), this.#userKey);
    this.#user(at + 2 * USER_HASH_BYTES, view.id(NAME.anonymousId), this.#anonymousKey);
  }

  take(count: number): { readonly prints: Uint8Array; readonly users: Uint8Array } {
    if (count * PRINT_BYTES === this.#prints.length) {
      return { prints: this.#prints, users: this.#users };
    }
    return {
      prints: this.#prints.slice(0, count * PRINT_BYTES),
      users: this.#users.slice(0, count * USERS_BYTES),
    };
  }

  #user(at: number, id: string | undefined, key: SipKey): void {
    if (id !== undefined) sipHash64(key, id, this.#users, at);
  }
}

class Refusals {
  readonly #counts = new Map<ItemCode, number>();
  first: { readonly code: ItemCode; readonly item: number } | undefined;

  add(code: ItemCode, item: number): void {
    this.first ??= { code, item };
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** A messageId of our own: a random UUID. It cannot recognise a call that is sent again. */
function makeId(random: RandomBytes): string {
  const bytes = random(16);
  const hex = Array.from(bytes, (byte, i) => {
    const tagged = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return tagged.toString(16).padStart(2, "0");
  }).join("");
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const;
  return MADE_ID_PREFIX + parts.map(([from, to]) => hex.slice(from, to)).join("-");
}
