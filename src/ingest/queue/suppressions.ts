import { USER_HASH_BYTES, USER_HASHES_PER_EVENT } from "../append.ts";

/** The users whose events are not stored: 8 bytes of keyed hash each, as of a version. */
export type SuppressedUsers = {
  /** Counts up with every change of the workspace's suppressions; 0 before the first. */
  readonly version: number;
  readonly hashes: Uint8Array;
};

/** Slots for each hash: half of them stay free, so that a search ends after one or two. */
const SLOTS_PER_HASH = 2;
const WORDS_PER_HASH = 2;

/**
 * The suppressed users of one source as a queue holds them. Nothing is served before the version was
 * loaded that the source's config names, and a version is never replaced by an earlier one.
 */
export class Suppressions {
  readonly #ask: () => Promise<SuppressedUsers | undefined>;
  #version = 0;
  #count = 0;
  /** Hashes by their own low bits, which are as good as random; two zero words are a free slot. */
  #slots = new Uint32Array(WORDS_PER_HASH);

  constructor(ask: () => Promise<SuppressedUsers | undefined>) {
    this.#ask = ask;
  }

  /** Whether what is held is at least as new as what a config names. */
  holds(version: number | undefined): boolean {
    return (version ?? 0) <= this.#version;
  }

  /** Loads the version unless it is held; false when the workspace could not be asked for it. */
  async follow(version: number | undefined): Promise<boolean> {
    if (this.holds(version)) return true;
    try {
      const users = await this.#ask();
      if (users !== undefined) this.take(users);
    } catch {
      // Whoever waits for it keeps waiting: without the list no event may be stored.
    }
    return this.holds(version);
  }

  /** Whether nobody is suppressed, as far as is known. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  take({ version, hashes }: SuppressedUsers): void {
    if (version <= this.#version) return;
    const count = hashes.byteLength / USER_HASH_BYTES;
    const slots = new Uint32Array(roomFor(count) * WORDS_PER_HASH);
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let i = 0; i < count; i++) {
      const at = i * USER_HASH_BYTES;
      insert(slots, view.getUint32(at), view.getUint32(at + 4));
    }
    this.#slots = slots;
    this.#count = count;
    this.#version = version;
  }

  /**
   * One byte per event, 1 for each that names a suppressed user in any of its three ids; `undefined`
   * when there is none, which costs nothing while nobody is suppressed.
   */
  find(users: Uint8Array): Uint8Array | undefined {
    if (this.#count === 0) return undefined;
    const hashes = users.byteLength / USER_HASH_BYTES;
    const view = new DataView(users.buffer, users.byteOffset, users.byteLength);
    let found: Uint8Array | undefined;
    for (let i = 0; i < hashes; i++) {
      const at = i * USER_HASH_BYTES;
      if (!includes(this.#slots, view.getUint32(at), view.getUint32(at + 4))) continue;
      found ??= new Uint8Array(hashes / USER_HASHES_PER_EVENT);
      found[Math.floor(i / USER_HASHES_PER_EVENT)] = 1;
    }
    return found;
  }
}

function roomFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count * SLOTS_PER_HASH + 1)));
}

function insert(slots: Uint32Array, high: number, low: number): void {
  if (high === 0 && low === 0) return;
  const at = slotOf(slots, high, low);
  slots[at] = high;
  slots[at + 1] = low;
}

/** Two zero words stand for an id that an event has not. */
function includes(slots: Uint32Array, high: number, low: number): boolean {
  if (high === 0 && low === 0) return false;
  const at = slotOf(slots, high, low);
  return slots[at] === high && slots[at + 1] === low;
}

/** Where the hash stands, or the free slot where it would. */
function slotOf(slots: Uint32Array, high: number, low: number): number {
  const mask = slots.length / WORDS_PER_HASH - 1;
  for (let slot = (low & mask) >>> 0; ; slot = (slot + 1) & mask) {
    const at = slot * WORDS_PER_HASH;
    const isFree = slots[at] === 0 && slots[at + 1] === 0;
    if (isFree || (slots[at] === high && slots[at + 1] === low)) return at;
  }
}
