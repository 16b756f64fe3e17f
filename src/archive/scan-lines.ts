import { giveBack, native, nativeBytes, takeRoom, takeRoomFor } from "../core/native/native.ts";
import { takeRoomForKey, type SipKey } from "../core/siphash.ts";
import { USER_HASH_BYTES } from "../ingest/append.ts";
import { hashAnonymousId, hashUserId, userKeys } from "../ingest/event-hashes.ts";
import { NAME, teachNames } from "../ingest/member-names.ts";
import type { EventUsers } from "./event-users.ts";
import { readEvent, type ReadEvent } from "./read-event.ts";
import { FileFaultError, LINE_BYTES_MAX, readBlocks } from "./read-lines.ts";

/** Bytes that are scanned together: enough that nothing is done per line but what has to be. */
const STRETCH_BYTES = 256 * 1024;

/** Lines in one stretch; as many rows of native memory are taken. */
const LINES_MAX = 4096;

/** As the module lays a row out: see src/core/native/assembly/lines.ts. */
const ROW_BYTES = 48;
const ROW_NUMBERS = ROW_BYTES / 4;
const TIME_BYTES = 16;
const HASHES_BYTES = 24;
const NEWLINE = 10;

/** Which of an event's ids a hash is of. */
export const USER = 0;
export const PREVIOUS = 1;
export const ANONYMOUS = 2;
export const ID_KINDS = [USER, PREVIOUS, ANONYMOUS] as const;
export type IdKind = (typeof ID_KINDS)[number];

/** The rows of the one stretch that is shown: native memory may move while it is. */
const ROWS = new Uint8Array(LINES_MAX * ROW_BYTES);

teachNames();
native.setLineNames(NAME.userId, NAME.previousId, NAME.anonymousId, NAME.receivedAt);

/**
 * Some whole lines of a file that follow one another, and what is known of each: lines that are
 * empty are in the bytes and have no number. Valid until the visitor returns.
 */
export class Stretch {
  /** The bytes from the first line's start to the next stretch's, newlines included. */
  readonly bytes: Uint8Array;
  readonly lines: number;
  readonly #numbers: Int32Array;
  readonly #view: DataView;
  readonly #key: SipKey;
  readonly #read = new Map<number, ReadEvent | undefined>();

  constructor(bytes: Uint8Array, rows: Uint8Array, key: SipKey) {
    this.bytes = bytes;
    this.lines = rows.byteLength / ROW_BYTES;
    this.#numbers = new Int32Array(rows.buffer, rows.byteOffset, this.lines * ROW_NUMBERS);
    this.#view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    this.#key = key;
    for (let line = 0; line < this.lines; line++) {
      if (this.#numbers[line * ROW_NUMBERS + 2] !== 0) this.#readAsJson(line);
    }
  }

  start(line: number): number {
    return this.#numbers[line * ROW_NUMBERS] ?? 0;
  }

  /** Where the line ends, before its newline. */
  end(line: number): number {
    return this.#numbers[line * ROW_NUMBERS + 1] ?? 0;
  }

  /** Whether the line is an event; what is none can be about anybody. */
  isEvent(line: number): boolean {
    return !this.#read.has(line) || this.#read.get(line) !== undefined;
  }

  /** When it was received; NaN when it does not say. */
  receivedAtMs(line: number): number {
    return this.#view.getFloat64(line * ROW_BYTES + TIME_BYTES, true);
  }

  /** The first and the last four bytes of an id's hash; both are 0 when the event has no such id. */
  hashHigh(line: number, kind: IdKind): number {
    return this.#view.getUint32(line * ROW_BYTES + HASHES_BYTES + kind * USER_HASH_BYTES);
  }

  hashLow(line: number, kind: IdKind): number {
    return this.#view.getUint32(line * ROW_BYTES + HASHES_BYTES + kind * USER_HASH_BYTES + 4);
  }

  /** The ids themselves, read as JSON; `undefined` of a line that is no event. */
  users(line: number): EventUsers | undefined {
    const read = this.#read.has(line) ? this.#read.get(line) : this.#parse(line);
    return read?.users;
  }

  #parse(line: number): ReadEvent | undefined {
    return readEvent(this.bytes.subarray(this.start(line), this.end(line)));
  }

  /** Does for one line, slowly, what the native module does for plain ones. */
  #readAsJson(line: number): void {
    const read = this.#parse(line);
    this.#read.set(line, read);
    const at = line * ROW_BYTES;
    for (let i = TIME_BYTES; i < ROW_BYTES; i += 4) this.#view.setUint32(at + i, 0);
    const { receivedAt } = read?.event ?? {};
    const ms = typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN;
    this.#view.setFloat64(at + TIME_BYTES, ms, true);
    if (read === undefined) return;
    // There are two user ids at most, and nobody asks which of them is which.
    const { userIds, anonymousIds } = read.users;
    this.#hash(at, USER, userIds[0]);
    this.#hash(at, PREVIOUS, userIds[1]);
    this.#hash(at, ANONYMOUS, anonymousIds[0]);
  }

  #hash(row: number, kind: IdKind, id: string | undefined): void {
    if (id === undefined) return;
    const at = this.#view.byteOffset + row + HASHES_BYTES + kind * USER_HASH_BYTES;
    const out = new Uint8Array(this.#view.buffer, at, USER_HASH_BYTES);
    (kind === ANONYMOUS ? hashAnonymousId : hashUserId)(this.#key, id, out);
  }
}

/**
 * Reads a file as a stream and shows all of it to `visit`, stretch by stretch in its order. Nothing
 * but a stretch, or one longer line, is in memory.
 *
 * @throws FileFaultError
 */
export async function scanFile(
  body: ReadableStream<Uint8Array>,
  key: SipKey,
  visit: (stretch: Stretch) => void,
): Promise<void> {
  await scanBlocks(readBlocks(body, { isReused: true }), key, visit);
}

/** As {@link scanFile}, of blocks. @throws FileFaultError */
export async function scanBlocks(
  blocks: AsyncIterable<Uint8Array>,
  key: SipKey,
  visit: (stretch: Stretch) => void,
): Promise<void> {
  let held = new Uint8Array(STRETCH_BYTES);
  let used = 0;
  for await (const block of blocks) {
    for (let from = 0; from < block.byteLength;) {
      const part = block.subarray(from, from + held.byteLength - used);
      held.set(part, used);
      used += part.byteLength;
      from += part.byteLength;
      if (used < held.byteLength) continue;
      const end = held.lastIndexOf(NEWLINE) + 1;
      if (end === 0) {
        held = larger(held);
        continue;
      }
      scanText(held.subarray(0, end), key, visit);
      held.copyWithin(0, end, used);
      used -= end;
    }
  }
  if (used > 0) scanText(held.subarray(0, used), key, visit);
}

/** Room for a longer line. @throws FileFaultError when it is longer than any line may be. */
function larger(held: Uint8Array): Uint8Array<ArrayBuffer> {
  if (held.byteLength >= LINE_BYTES_MAX) throw new FileFaultError("line-too-long");
  const grown = new Uint8Array(held.byteLength * 2);
  grown.set(held);
  return grown;
}

/** Shows whole lines that are in memory, with the place where each stretch begins. */
export function scanText(
  bytes: Uint8Array,
  key: SipKey,
  visit: (stretch: Stretch, from: number) => void,
): void {
  for (let from = 0; from < bytes.byteLength;) {
    const rest = bytes.subarray(from);
    const rows = rowsOf(rest, key);
    const isFull = rows.byteLength === LINES_MAX * ROW_BYTES;
    const whole = new Stretch(rest, rows, key);
    const end = isFull ? whole.end(whole.lines - 1) + 1 : rest.byteLength;
    visit(isFull ? new Stretch(rest.subarray(0, end), rows, key) : whole, from);
    from += end;
  }
}

function rowsOf(bytes: Uint8Array, key: SipKey): Uint8Array {
  const keys = userKeys(key);
  const userAt = takeRoomForKey(keys.user);
  const anonymousAt = takeRoomForKey(keys.anonymous);
  const textAt = takeRoomFor(bytes);
  const rowsAt = takeRoom(LINES_MAX * ROW_BYTES);
  const end = textAt + bytes.byteLength;
  const count = native.scanLines(textAt, end, userAt, anonymousAt, rowsAt, LINES_MAX);
  const rows = ROWS.subarray(0, count * ROW_BYTES);
  rows.set(nativeBytes().subarray(rowsAt, rowsAt + rows.byteLength));
  giveBack(userAt);
  return rows;
}
