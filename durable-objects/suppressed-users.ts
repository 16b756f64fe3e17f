import { usersOf } from "../src/archive/event-users.ts";
import { sipKey, type SipKey } from "../src/core/siphash.ts";
import { USER_HASH_BYTES, USER_HASHES_PER_EVENT } from "../src/ingest/append.ts";
import { hashAnonymousId, hashUserId } from "../src/ingest/event-hashes.ts";
import { Suppressions, type SuppressedUsers } from "../src/ingest/queue/suppressions.ts";

/** What names a version of the suppressions, and keys its hashes. */
export type SuppressionRef = {
  readonly fingerprintKey: string;
  /** Absent while there never was one. */
  readonly suppressions?: number;
};

/** The users of one source whose events may not be sent, for objects that hold parsed events. */
export class SuppressedUserList {
  readonly #list: Suppressions;
  #key: SipKey | undefined;

  constructor(ask: () => Promise<SuppressedUsers | undefined>) {
    this.#list = new Suppressions(ask);
  }

  /** Loads the version that is named; false when that is not known, and so nothing may be sent. */
  async follow({ fingerprintKey, suppressions }: SuppressionRef): Promise<boolean> {
    this.#key ??= sipKey(fingerprintKey);
    return this.#list.follow(suppressions);
  }

  /** Whether the event names a suppressed user; `line` is its JSON, where it is at hand. */
  holds(event: Readonly<Record<string, unknown>>, line?: string): boolean {
    const key = this.#key;
    if (key === undefined) throw new Error("Cannot look up suppressions: they were not loaded");
    if (this.#list.isEmpty) return false;
    const { userIds, anonymousIds } = usersOf(event, line ?? JSON.stringify(event));
    const hashes = new Uint8Array(USER_HASH_BYTES * USER_HASHES_PER_EVENT);
    const out = new Uint8Array(USER_HASH_BYTES);
    let at = 0;
    const add = (hash: typeof hashUserId, ids: readonly string[]): void => {
      for (const id of ids) {
        hash(key, id, out);
        hashes.set(out, at);
        at += USER_HASH_BYTES;
      }
    };
    add(hashUserId, userIds);
    add(hashAnonymousId, anonymousIds);
    return this.#list.find(hashes) !== undefined;
  }
}
