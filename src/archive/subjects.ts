import { USER_HASH_BYTES } from "../ingest/append.ts";
import { hashAnonymousId, hashUserId } from "../ingest/event-hashes.ts";
import { sipKey } from "../core/siphash.ts";
import type { EventUsers } from "./event-users.ts";

/** The users whom a deletion is about, by one kind of id. */
export type Subjects = {
  /** `USER_ID` is `userId` and `previousId` of events, `ANONYMOUS_ID` their `anonymousId`. */
  readonly type: "USER_ID" | "ANONYMOUS_ID";
  readonly ids: ReadonlySet<string>;
};

/** Whether an event is about one of them. Ids are compared as text, the same that they are hashed by. */
export function isAbout(subjects: Subjects, { userIds, anonymousIds }: EventUsers): boolean {
  const named = subjects.type === "USER_ID" ? userIds : anonymousIds;
  return named.some((id) => subjects.ids.has(id));
}

/** Their hashes as filters have them: 8 bytes each, keyed per source. */
export function hashSubjects(subjects: Subjects, fingerprintKey: string): Uint8Array {
  const key = sipKey(fingerprintKey);
  const hash = subjects.type === "USER_ID" ? hashUserId : hashAnonymousId;
  const hashes = new Uint8Array(subjects.ids.size * USER_HASH_BYTES);
  let at = 0;
  for (const id of subjects.ids) {
    hash(key, id, hashes.subarray(at, at + USER_HASH_BYTES));
    at += USER_HASH_BYTES;
  }
  return hashes;
}
