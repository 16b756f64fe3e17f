/**
 * Memory that the queues of one isolate share. An isolate has 128 MB and may hold several objects
 * of a class, which do not know of each other; so the accounts are the module's. Each object has
 * its own, held weakly: what an object that the platform dropped had reserved is free again.
 */

/** Bytes of requests on their way into some log of this isolate. */
const IN_FLIGHT_BYTES_MAX = 16_000_000;

/** Bytes of files that are being built; each holds its compressed bytes until they are stored. */
const BUILD_BYTES_MAX = 20_000_000;

/**
 * Bytes of ids that are in no run yet. One busy queue alone has 10 MB of them before it packs; several
 * pack sooner, which costs a few more rows and no id.
 */
const RECENT_BYTES_MAX = 12_000_000;

/** A queue that holds less need not pack: a run of fewer than 20,000 ids costs more than it frees. */
const RECENT_BYTES_MIN = 1_000_000;

/** What one object has reserved. */
export class MemoryAccount {
  #inFlightBytes = 0;
  #buildBytes = 0;
  #recentBytes = 0;

  constructor() {
    accounts.add(new WeakRef(this));
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get buildBytes(): number {
    return this.#buildBytes;
  }

  /** Reserves room for one request, or says that there is none. */
  reserve(bytes: number): boolean {
    const used = sum((account) => account.inFlightBytes);
    // One request alone always fits: its size is bounded before it gets here.
    if (used > 0 && used + bytes > IN_FLIGHT_BYTES_MAX) return false;
    this.#inFlightBytes += bytes;
    return true;
  }

  /** Gives back what {@link reserve} took. */
  release(bytes: number): void {
    this.#inFlightBytes -= bytes;
  }

  /** Starts building a file that needs that much, or says that others have to finish first. */
  startBuild(bytes: number): boolean {
    const used = sum((account) => account.buildBytes);
    if (used > 0 && used + bytes > BUILD_BYTES_MAX) return false;
    this.#buildBytes = bytes;
    return true;
  }

  endBuild(): void {
    this.#buildBytes = 0;
  }

  get recentBytes(): number {
    return this.#recentBytes;
  }

  /** Takes down what the ids take that are not packed; whether they should be packed now. */
  holdRecent(bytes: number): boolean {
    this.#recentBytes = bytes;
    if (bytes < RECENT_BYTES_MIN) return false;
    return sum((account) => account.recentBytes) > RECENT_BYTES_MAX;
  }
}

const accounts = new Set<WeakRef<MemoryAccount>>();

function sum(of: (account: MemoryAccount) => number): number {
  let total = 0;
  for (const reference of accounts) {
    const account = reference.deref();
    if (account === undefined) accounts.delete(reference);
    else total += of(account);
  }
  return total;
}
