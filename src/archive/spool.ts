import { createCipheriv, createDecipheriv } from "node:crypto";

/** Encrypted bytes, and what says that nobody changed them. */
export type SealedPart = { readonly bytes: Uint8Array; readonly tag: Uint8Array };

/** Where bytes wait that have no room in memory: rows of a table, which a restart empties. */
export interface SpillTable {
  write(spool: number, part: number, sealed: SealedPart): void;
  read(spool: number, part: number): SealedPart;
  drop(spool: number): void;
}

/** Bytes of one row: half of what a row may hold. */
const PART_BYTES = 1024 * 1024;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** What the spools of one object may hold in memory together. */
export class SpoolMemory {
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * Compressed bytes on their way from one reading to one writing, in their order. What the memory has
 * no room for waits on disk, encrypted under a key that only this object in memory ever has: pages
 * that SQLite keeps after the rows are gone, and rows that a kill leaves, are of no use to anybody.
 */
export class Spool {
  readonly #number: number;
  readonly #memory: SpoolMemory;
  readonly #table: SpillTable;
  readonly #key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  readonly #held: Uint8Array[] = [];
  /**
   * The part that is being filled, again and again where it goes to disk: what is allocated anew has to
   * be collected. Bytes are copied, since what zlib hands out keeps far more memory than it has bytes.
   */
  #waiting: Uint8Array<ArrayBuffer> | undefined;
  #waitingBytes = 0;
  #parts = 0;
  #bytes = 0;

  /** @param number One that no other living spool of the same table has. */
  constructor(number: number, memory: SpoolMemory, table: SpillTable) {
    this.#number = number;
    this.#memory = memory;
    this.#table = table;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    for (let from = 0; from < bytes.byteLength;) {
      const part = bytes.subarray(from, from + PART_BYTES - this.#waitingBytes);
      this.#waiting ??= new Uint8Array(PART_BYTES);
      this.#waiting.set(part, this.#waitingBytes);
      this.#waitingBytes += part.byteLength;
      from += part.byteLength;
      if (this.#waitingBytes === PART_BYTES) this.#putAway(this.#waiting);
    }
  }

  /** All bytes that were appended. Can be asked for again until it is dropped. */
  *read(): Generator<Uint8Array> {
    yield* this.#held;
    for (let part = 0; part < this.#parts; part++) {
      yield this.#open(part, this.#table.read(this.#number, part));
    }
    if (this.#waiting !== undefined) yield this.#waiting.slice(0, this.#waitingBytes);
  }

  /** Gives memory and rows back. */
  drop(): void {
    this.#memory.giveBack(this.#held.length * PART_BYTES);
    this.#held.length = 0;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    if (this.#parts > 0) this.#table.drop(this.#number);
    this.#parts = 0;
  }

  /** Keeps a part that is full: in memory as long as there is room, and from then on on disk. */
  #putAway(full: Uint8Array): void {
    this.#waitingBytes = 0;
    if (this.#parts === 0 && this.#memory.take(PART_BYTES)) {
      this.#held.push(full);
      this.#waiting = undefined;
      return;
    }
    const part = this.#parts++;
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(part));
    const bytes = cipher.update(full);
    cipher.final();
    this.#table.write(this.#number, part, { bytes, tag: cipher.getAuthTag() });
  }

  #open(part: number, sealed: SealedPart): Uint8Array {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(part));
    decipher.setAuthTag(sealed.tag);
    const bytes = decipher.update(sealed.bytes);
    // Of this mode it adds nothing, and throws when the bytes are not what was written.
    decipher.final();
    return bytes;
  }
}

/** A part has the key for itself together with its number. */
function nonceOf(part: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(0, part);
  return nonce;
}
