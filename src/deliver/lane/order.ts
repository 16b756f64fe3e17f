/**
 * Keeps the order of each user's events where a destination takes single events: while one of a user
 * waits, for whatever reason, those behind it wait too. An account of what waits, in memory.
 */
export class UserOrder {
  /** By user: when each event that waits is due, by its number in the log. */
  readonly #waiting = new Map<string, Map<number, number>>();

  /** When the last of those is due that this event has to wait for; `undefined` when there is none. */
  behind(user: string, seq: number): number | undefined {
    let latestMs: number | undefined;
    for (const [other, dueAtMs] of this.#waiting.get(user) ?? []) {
      if (other < seq) latestMs = Math.max(latestMs ?? 0, dueAtMs);
    }
    return latestMs;
  }

  /** An event of the user waits until `dueAtMs`. */
  wait(user: string, seq: number, dueAtMs: number): void {
    const waiting = this.#waiting.get(user) ?? new Map<number, number>();
    waiting.set(seq, dueAtMs);
    this.#waiting.set(user, waiting);
  }

  /** An event that waited is taken up again. */
  take(user: string, seq: number): void {
    const waiting = this.#waiting.get(user);
    waiting?.delete(seq);
    if (waiting?.size === 0) this.#waiting.delete(user);
  }
}

/** Whose event it is, for the order; an event of nobody is in no order with others. */
export function userOf(event: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ["userId", "anonymousId"]) {
    const id = event[name];
    if ((typeof id === "string" && id !== "") || typeof id === "number") return `${name}:${id}`;
  }
  return undefined;
}
