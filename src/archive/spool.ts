import { createCipheriv, createDecipheriv } from "node:crypto";

import { concatBytes } from "../core/bytes.ts";

/** Where bytes wait that have no room in memory: rows of a table, which a restart empties. */
export interface SpillTable {
  write(spool: number, part: number, bytes: Uint8Array): void;
  read(spool: number, part: number): Uint8Array;
  drop(spool: number): void;
}

/** Bytes of one row: half of what a row may hold. */
const PART_BYTES = 1024 * 1024;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

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
  #heldBytes = 0;
  #waiting: Uint8Array[] = [];
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
    const isFirst = this.#parts === 0 && this.#waitingBytes === 0;
    if (isFirst && this.#memory.take(bytes.byteLength)) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.byteLength;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    if (this.#waitingBytes >= PART_BYTES) this.#spill();
  }

  /** All bytes that were appended. Can be asked for again until it is dropped. */
  *read(): Generator<Uint8Array> {
    yield* this.#held;
    for (let part = 0; part < this.#parts; part++) {
      yield this.#open(part, this.#table.read(this.#number, part));
    }
    yield* this.#waiting;
  }

  /** Gives memory and rows back. */
  drop(): void {
    this.#memory.giveBack(this.#heldBytes);
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#parts > 0) this.#table.drop(this.#number);
    this.#parts = 0;
  }

  #spill(): void {
    const part = this.#parts++;
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(part));
    const sealed = [cipher.update(concatBytes(this.#waiting)), cipher.final(), cipher.getAuthTag()];
    this.#table.write(this.#number, part, concatBytes(sealed));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #open(part: number, sealed: Uint8Array): Uint8Array {
    const end = sealed.byteLength - TAG_BYTES;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(part));
    decipher.setAuthTag(sealed.subarray(end));
    return concatBytes([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  }
}

/** A part has the key for itself together with its number. */
function nonceOf(part: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(0, part);
  return nonce;
}
