import { usersOf } from "../src/archive/event-users.ts";
import { inTime } from "../src/core/in-time.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import { sipKey, type SipKey } from "../src/core/siphash.ts";
import { USER_HASH_BYTES, USER_HASHES_PER_EVENT } from "../src/ingest/append.ts";
import { hashAnonymousId, hashUserId } from "../src/ingest/event-hashes.ts";
import { Suppressions } from "../src/ingest/queue/suppressions.ts";
import type { Reach } from "./reach.ts";

/** How long what the workspace said of suppressions counts. */
const FRESH_MS = 5_000;
const ASK_MS_MAX = 10_000;

/** The users whose events a replay may not send, as the workspace has them now. */
export class ReplaySuppressions {
  readonly #reach: Reach;
  readonly #sourceId: SourceId;
  readonly #list: Suppressions;
  #key: SipKey | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(reach: Reach, sourceId: SourceId) {
    this.#reach = reach;
    this.#sourceId = sourceId;
    this.#list = new Suppressions(() =>
      reach.workspace(workspaceOf(sourceId)).suppressedUsers(sourceId),
    );
  }

  /** Takes over what changed; false when that is not known, and so nothing may be sent. */
  async refresh(): Promise<boolean> {
    const nowMs = Date.now();
    if (Math.abs(nowMs - this.#askedAtMs) < FRESH_MS) return true;
    try {
      const asked = this.#reach.workspace(workspaceOf(this.#sourceId)).sourceConfig(this.#sourceId);
      const config = await inTime(asked, ASK_MS_MAX);
      if (config === undefined) return false;
      this.#key ??= sipKey(config.fingerprintKey);
      if (!(await this.#list.follow(config.suppressions))) return false;
      this.#askedAtMs = nowMs;
      return true;
    } catch {
      return false;
    }
  }

  /** Whether the event names a suppressed user. */
  holds(event: Readonly<Record<string, unknown>>): boolean {
    const key = this.#key;
    if (key === undefined) throw new Error("Cannot look up suppressions: they were not loaded");
    const { userIds, anonymousIds } = usersOf(event, JSON.stringify(event));
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
