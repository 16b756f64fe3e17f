import { inTime } from "../src/core/in-time.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import type { Reach } from "./reach.ts";
import { SuppressedUserList } from "./suppressed-users.ts";

/** How long what the workspace said of suppressions counts. */
const FRESH_MS = 5_000;
const ASK_MS_MAX = 10_000;

/** The users whose events a replay may not send, as the workspace has them now. */
export class ReplaySuppressions {
  readonly #reach: Reach;
  readonly #sourceId: SourceId;
  readonly #list: SuppressedUserList;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(reach: Reach, sourceId: SourceId) {
    this.#reach = reach;
    this.#sourceId = sourceId;
    this.#list = new SuppressedUserList(() =>
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
      if (config === undefined || !(await this.#list.follow(config))) return false;
      this.#askedAtMs = nowMs;
      return true;
    } catch {
      return false;
    }
  }

  /** Whether the event names a suppressed user. */
  holds(event: Readonly<Record<string, unknown>>): boolean {
    return this.#list.holds(event);
  }
}
