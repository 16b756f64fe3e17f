/**
 * Keeps the order of each user's events where a destination takes single events: while one of a user
 * waits, for whatever reason, those behind it wait too. An account of what waits, in memory.
 */
export class UserOrder {
  /** By user: when each event that waits is due, by its number in the log. */
  readonly #waiting = new Map<string, Map<number, number>>();

  /**
   * Takes events of a user up, given in the order of the log, whether or not they waited before. For
   * each: `undefined` when it may go now, else until when it waits for those before it. What waits of
   * the user is walked once, however many events are taken up.
   */
  admit(user: string, seqs: readonly number[], nowMs: number): readonly (number | undefined)[] {
    const waiting = this.#waiting.get(user);
    if (waiting === undefined) return seqs.map(() => undefined);
    for (const seq of seqs) waiting.delete(seq);
    const others = otherWaits(waiting, seqs[0] ?? 0);
    let latestMs = others.beforeMs;
    let next = 0;
    const dues = seqs.map((seq) => {
      for (let other = others.after[next]; other !== undefined && other[0] < seq;) {
        latestMs = Math.max(latestMs ?? 0, other[1]);
        next += 1;
        other = others.after[next];
      }
      if (latestMs !== undefined) latestMs = Math.max(latestMs, nowMs);
      return latestMs;
    });
    if (waiting.size === 0) this.#waiting.delete(user);
    seqs.forEach((seq, i) => {
      const dueAtMs = dues[i];
      if (dueAtMs !== undefined) this.wait(user, seq, dueAtMs);
    });
    return dues;
  }

  /** An event of the user waits until `dueAtMs`. */
  wait(user: string, seq: number, dueAtMs: number): void {
    const waiting = this.#waiting.get(user) ?? new Map<number, number>();
    waiting.set(seq, dueAtMs);
    this.#waiting.set(user, waiting);
  }
}

/** When the last of the events before that one is due, and the events behind it in order. */
function otherWaits(
  waiting: ReadonlyMap<number, number>,
  first: number,
): {
  readonly beforeMs: number | undefined;
  readonly after: readonly (readonly [seq: number, dueAtMs: number])[];
} {
  let beforeMs: number | undefined;
  const after: [number, number][] = [];
  for (const [seq, dueAtMs] of waiting) {
    if (seq < first) beforeMs = Math.max(beforeMs ?? 0, dueAtMs);
    else after.push([seq, dueAtMs]);
  }
  return { beforeMs, after: after.toSorted((a, b) => a[0] - b[0]) };
}

/** Whose event it is, for the order; an event of nobody is in no order with others. */
export function userOf(event: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ["userId", "anonymousId"]) {
    const id = event[name];
    if ((typeof id === "string" && id !== "") || typeof id === "number") return `${name}:${id}`;
  }
  return undefined;
}
