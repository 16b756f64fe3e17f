/**
 * Characters of events that the lanes of one isolate hold together before they are economical with
 * it. An isolate has 128 MB and may hold many lanes, which do not know of each other, and an event
 * takes about twice its line while it waits to be sent. Nobody waits for others: a destination that is
 * slow holds what it holds, and the rest goes on in smaller steps.
 */
const READ_CHARS_MAX = 8_000_000;

/** What one lane holds of the log, ahead of what it has settled. */
export class ReadAccount {
  #chars = 0;

  constructor() {
    // Held weakly: what a lane that the platform dropped held is free again.
    accounts.add(new WeakRef(this));
  }

  hold(chars: number): void {
    this.#chars = chars;
  }

  /** Whether all lanes together hold so much that this one should hold no more than it sends. */
  get isCrowded(): boolean {
    let total = 0;
    for (const reference of accounts) {
      const account = reference.deref();
      if (account === undefined) accounts.delete(reference);
      else total += account.#chars;
    }
    return total > READ_CHARS_MAX;
  }
}

const accounts = new Set<WeakRef<ReadAccount>>();
