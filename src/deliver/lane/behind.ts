/** A lane that has not come to the end of its log for this long is said to be behind. */
export const BEHIND_MS = 15 * 60_000;

/** Since when a lane has had events of its log before it; in memory, counted anew after a start. */
export class Behind {
  #sinceMs: number | undefined;

  /** It begins to work; there may be more in the log. */
  begin(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** It came to the end of the log. */
  end(): void {
    this.#sinceMs = undefined;
  }

  /** Since when it is behind, once it is worth saying. */
  sinceMs(nowMs: number): number | undefined {
    const sinceMs = this.#sinceMs;
    return sinceMs !== undefined && nowMs - sinceMs >= BEHIND_MS ? sinceMs : undefined;
  }
}
