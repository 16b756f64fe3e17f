import { giveBack, native, nativeBytes, takeRoom, takeRoomFor } from "../core/native/native.ts";
import {
  SIP_HASH_BYTES,
  sipHash128,
  sipHash64,
  takeRoomForKey,
  type SipKey,
} from "../core/siphash.ts";
import { PRINT_BYTES, USER_HASH_BYTES, USER_HASHES_PER_EVENT } from "./append.ts";
import type { EventView } from "./event-view.ts";
import { NAME } from "./member-names.ts";
import type { Payload } from "./payload.ts";

const USERS_BYTES = USER_HASH_BYTES * USER_HASHES_PER_EVENT;

/**
 * User ids and anonymous ids are hashed under keys of their own, so that the same text as one and as
 * the other has two hashes; previous ids are user ids.
 */
const USER_TAG = 0x75736572;
const ANONYMOUS_TAG = 0x616e6f6e;

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

/** The keys that user ids and previous ids are hashed under, and anonymous ids. */
export function userKeys(key: SipKey): { readonly user: SipKey; readonly anonymous: SipKey } {
  return { user: taggedKey(key, USER_TAG), anonymous: taggedKey(key, ANONYMOUS_TAG) };
}

function taggedKey(key: SipKey, tag: number): SipKey {
  const tagged = key.slice();
  tagged[0] = (tagged[0] ?? 0) ^ tag;
  return tagged;
}

/** A key, and where native memory holds it. */
type PlacedKey = { readonly key: SipKey; readonly at: number };

/**
 * Fingerprints and user hashes of the events kept so far, in native memory. Ids are hashed where
 * they stand in the body; only those with escapes are read first.
 */
export class EventHashes {
  readonly #messageKey: PlacedKey;
  readonly #userKey: PlacedKey;
  readonly #anonymousKey: PlacedKey;
  readonly #printsAt: number;
  readonly #usersAt: number;
  #bodyAt: number | undefined;

  /** Takes room for `count` events; the caller has to {@link giveBack} it in the same turn. */
  constructor(count: number, key: SipKey) {
    this.#messageKey = place(key);
    this.#userKey = place(taggedKey(key, USER_TAG));
    this.#anonymousKey = place(taggedKey(key, ANONYMOUS_TAG));
    this.#printsAt = takeRoom(count * PRINT_BYTES);
    this.#usersAt = takeRoom(count * USERS_BYTES);
    const bytes = nativeBytes();
    bytes.fill(0, this.#printsAt, this.#printsAt + count * PRINT_BYTES);
    bytes.fill(0, this.#usersAt, this.#usersAt + count * USERS_BYTES);
  }

  /** The events that follow are of that payload. */
  begin(payload: Payload): void {
    if (this.#bodyAt !== undefined) giveBack(this.#bodyAt);
    this.#bodyAt = takeRoomFor(payload.bytes);
  }

  /** Hashes the ids of the event in view. */
  set(event: number, view: EventView, madeId: string | undefined): void {
    this.#print(this.#printsAt + event * PRINT_BYTES, view, madeId);
    const at = this.#usersAt + event * USERS_BYTES;
    this.#user(at, view, NAME.userId, this.#userKey);
    this.#user(at + USER_HASH_BYTES, view, NAME.previousId, this.#userKey);
    this.#user(at + 2 * USER_HASH_BYTES, view, NAME.anonymousId, this.#anonymousKey);
  }

  take(count: number): { readonly prints: Uint8Array; readonly users: Uint8Array } {
    const bytes = nativeBytes();
    return {
      prints: bytes.slice(this.#printsAt, this.#printsAt + count * PRINT_BYTES),
      users: bytes.slice(this.#usersAt, this.#usersAt + count * USERS_BYTES),
    };
  }

  giveBack(): void {
    giveBack(this.#messageKey.at);
  }

  #print(at: number, view: EventView, madeId: string | undefined): void {
    if (madeId === undefined && this.#hashInPlace(at, view, NAME.messageId, this.#messageKey, 2)) {
      return;
    }
    const messageId = madeId ?? view.id(NAME.messageId) ?? "";
    const print = new Uint8Array(SIP_HASH_BYTES);
    sipHash128(this.#messageKey.key, fingerprintText(messageId), print, 0);
    nativeBytes().set(print, at);
  }

  #user(at: number, view: EventView, name: number, key: PlacedKey): void {
    if (this.#hashInPlace(at, view, name, key, 1)) return;
    const id = view.id(name);
    if (id === undefined) return;
    const hash = new Uint8Array(USER_HASH_BYTES);
    sipHash64(key.key, id, hash, 0);
    nativeBytes().set(hash, at);
  }

  /** Whether the id could be hashed as it stands, or there is none. */
  #hashInPlace(at: number, view: EventView, name: number, key: PlacedKey, halves: 1 | 2): boolean {
    const member = view.member(name);
    if (member < 0) return true;
    const { members } = view.payload.items;
    const bodyAt = this.#bodyAt ?? 0;
    const from = bodyAt + members.value(member);
    return native.hashId(key.at, from, bodyAt + members.end(member), at, halves) === 1;
  }
}

function place(key: SipKey): PlacedKey {
  return { key, at: takeRoomForKey(key) };
}
