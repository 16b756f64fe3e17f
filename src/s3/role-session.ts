import type { Result } from "../core/result.ts";
import type { BucketFailure } from "./failures.ts";
import type { Session } from "./sts.ts";

/** How long before its end a session is renewed: no request signed with it takes longer. */
export const RENEW_BEFORE_MS = 600_000;

/** The present session of one role, renewed early and asked for once however many wait for it. */
export class RoleSession {
  readonly #assume: () => Promise<Result<Session, BucketFailure>>;
  readonly #now: () => number;
  #held: Session | undefined;
  #asking: Promise<Result<Session, BucketFailure>> | undefined;

  constructor(assume: () => Promise<Result<Session, BucketFailure>>, now: () => number) {
    this.#assume = assume;
    this.#now = now;
  }

  /** A session that lasts for a while yet. One that could not be renewed is used until it ends. */
  async current(): Promise<Result<Session, BucketFailure>> {
    const held = this.#held;
    const leftMs = held === undefined ? 0 : held.expiresAtMs - this.#now();
    if (held !== undefined && leftMs > RENEW_BEFORE_MS) return { ok: true, value: held };
    this.#asking ??= this.#assume().finally(() => {
      this.#asking = undefined;
    });
    const asked = await this.#asking;
    if (asked.ok) this.#held = asked.value;
    else if (held !== undefined && leftMs > 0 && this.#held === held) {
      return { ok: true, value: held };
    }
    return asked;
  }

  /** Forgets the session, after a bucket refused it. */
  drop(): void {
    this.#held = undefined;
  }
}
