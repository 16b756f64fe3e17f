type Held = {
  /** Events of the user that wait. */
  readonly events: number;
  /** The one that failed, which those behind it wait for. */
  readonly head: { readonly seq: number; readonly dueAtMs: number } | undefined;
};

/**
 * Keeps the order of each user's events where a destination takes single events: while one of a user
 * waits for its next attempt, those behind it wait too. An account of what waits, in memory.
 */
export class UserOrder {
  readonly #held = new Map<string, Held>();

  /** Whether any event of the user waits. */
  holds(user: string): boolean {
    return this.#held.has(user);
  }

  /** When the failed event is due that this one has to wait for; `undefined` when there is none. */
  behind(user: string, seq: number): number | undefined {
    const head = this.#held.get(user)?.head;
    return head !== undefined && head.seq < seq ? head.dueAtMs : undefined;
  }

  /** When what waits of the user is due; for an event that comes behind all of it. */
  dueAtMs(user: string): number {
    return this.#held.get(user)?.head?.dueAtMs ?? 0;
  }

  /** An event of the user waits now, for no fault of its own. */
  wait(user: string): void {
    const held = this.#held.get(user);
    this.#held.set(user, { events: (held?.events ?? 0) + 1, head: held?.head });
  }

  /** An event of the user failed and waits until `dueAtMs`. */
  fail(user: string, seq: number, dueAtMs: number): void {
    const held = this.#held.get(user);
    const isFirst = held?.head === undefined || seq <= held.head.seq;
    const head = isFirst ? { seq, dueAtMs } : held.head;
    this.#held.set(user, { events: (held?.events ?? 0) + 1, head });
  }

  /** An event that waited is taken up again. */
  take(user: string): void {
    const held = this.#held.get(user);
    if (held === undefined) return;
    if (held.events <= 1) this.#held.delete(user);
    else this.#held.set(user, { ...held, events: held.events - 1 });
  }

  /** An event is settled for good, so none waits for it any more. */
  settle(user: string, seq: number): void {
    const held = this.#held.get(user);
    if (held?.head?.seq === seq) this.#held.set(user, { ...held, head: undefined });
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
