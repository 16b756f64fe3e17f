import { sipKey } from "../core/siphash.ts";
import { USER_HASH_BYTES } from "../ingest/append.ts";
import { hashAnonymousId, hashUserId } from "../ingest/event-hashes.ts";
import type { EventUsers } from "./event-users.ts";
import { ANONYMOUS, PREVIOUS, USER, type IdKind, type Stretch } from "./scan-lines.ts";

/** The users whom a deletion is about, by one kind of id. */
export type Subjects = {
  /** `USER_ID` is `userId` and `previousId` of events, `ANONYMOUS_ID` their `anonymousId`. */
  readonly type: "USER_ID" | "ANONYMOUS_ID";
  readonly ids: ReadonlySet<string>;
  /** Anonymous ids that stood beside the user ids, which are forgotten as well. */
  readonly linked?: ReadonlySet<string>;
};

/** Whether an event is about one of them. Ids are compared as text, the same that they are hashed by. */
export function isAbout(subjects: Subjects, { userIds, anonymousIds }: EventUsers): boolean {
  const { type, ids, linked } = subjects;
  const named = type === "USER_ID" ? userIds : anonymousIds;
  if (named.some((id) => ids.has(id))) return true;
  return linked !== undefined && anonymousIds.some((id) => linked.has(id));
}

/** Their hashes as filters have them: 8 bytes each, keyed per source. */
export function hashSubjects(subjects: Subjects, fingerprintKey: string): Uint8Array {
  const { type, ids, linked = new Set<string>() } = subjects;
  const key = sipKey(fingerprintKey);
  const hash = type === "USER_ID" ? hashUserId : hashAnonymousId;
  const hashes = new Uint8Array((ids.size + linked.size) * USER_HASH_BYTES);
  let at = 0;
  const add = (write: typeof hashUserId, id: string): void => {
    write(key, id, hashes.subarray(at, at + USER_HASH_BYTES));
    at += USER_HASH_BYTES;
  };
  for (const id of ids) add(hash, id);
  for (const id of linked) add(hashAnonymousId, id);
  return hashes;
}

const NEAR_VALUES = 65_536;

/**
 * Finds the lines of some users. Hashes only say which lines to look at: whom one is about is decided
 * by the ids that it has when it is read as JSON.
 */
export class SubjectFinder {
  readonly #subjects: Subjects;
  /** The last four bytes of each hash. */
  readonly #lows: ReadonlySet<number>;
  /** A bit for each value of their last two bytes: nearly every id that is asked for ends there. */
  readonly #near = new Uint8Array(NEAR_VALUES / 8);
  readonly #kinds: readonly IdKind[];

  constructor(subjects: Subjects, hashes: Uint8Array) {
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const lows = new Set<number>();
    for (let at = 4; at < hashes.byteLength; at += USER_HASH_BYTES) lows.add(view.getUint32(at));
    this.#subjects = subjects;
    this.#lows = lows;
    for (const low of lows) {
      const near = low & (NEAR_VALUES - 1);
      this.#near[near >>> 3] = (this.#near[near >>> 3] ?? 0) | (1 << (near & 7));
    }
    const named: readonly IdKind[] = subjects.type === "USER_ID" ? [USER, PREVIOUS] : [ANONYMOUS];
    this.#kinds = subjects.linked === undefined ? named : [USER, PREVIOUS, ANONYMOUS];
  }

  /** Whether the line is about one of them. */
  finds(stretch: Stretch, line: number): boolean {
    if (!this.#mayBe(stretch, line)) return false;
    const users = stretch.users(line);
    return users !== undefined && isAbout(this.#subjects, users);
  }

  /** One loop without calls: it runs for every line of an archive. */
  #mayBe(stretch: Stretch, line: number): boolean {
    for (const kind of this.#kinds) {
      const low = stretch.hashLow(line, kind);
      const near = low & (NEAR_VALUES - 1);
      const isNear = ((this.#near[near >>> 3] ?? 0) & (1 << (near & 7))) !== 0;
      if (isNear && this.#lows.has(low)) return true;
    }
    return false;
  }
}
