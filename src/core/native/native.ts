import module from "./native.wasm";

/**
 * The WebAssembly module of src/core/native/assembly, and a memory for what it works on. One
 * instance serves the whole isolate: whoever takes room gives it back in the same turn.
 */

/** What the module exports; places are offsets in its memory. */
type Native = {
  readonly memory: WebAssembly.Memory;
  readonly freeAt: WebAssembly.Global;
  readonly namesAt: WebAssembly.Global;
  readonly candidatesAt: WebAssembly.Global;
  readonly tablesAt: WebAssembly.Global;
  readonly skipString: (at: number) => number;
  readonly skipValue: (at: number, depth: number) => number;
  readonly nameAt: (at: number, end: number) => number;
  readonly setNames: (batch: number, context: number) => void;
  readonly scanEnvelope: (from: number, at: number) => number;
  readonly scanEvent: (from: number, at: number) => number;
  readonly scanObject: (from: number, at: number) => number;
  readonly foundBatch: () => number;
  readonly setLineNames: (
    userId: number,
    previousId: number,
    anonymousId: number,
    receivedAt: number,
  ) => void;
  readonly scanLines: (
    from: number,
    end: number,
    userKey: number,
    anonymousKey: number,
    rows: number,
    room: number,
  ) => number;
  readonly sipHash: (
    key: number,
    text: number,
    length: number,
    out: number,
    halves: number,
  ) => void;
  readonly hashId: (key: number, at: number, end: number, out: number, halves: number) => number;
};

export const native = new WebAssembly.Instance(module).exports as unknown as Native;

/** NULs behind everything that is written: loops over text end there, and it is loaded 16 at a time. */
const PADDING_BYTES = 32;
const PAGE_BYTES = 65_536;
const ALIGNMENT = 16;

let top = align(native.freeAt.value as number);
let bytes = new Uint8Array(native.memory.buffer);

/** The whole memory, as it is until more room is taken. */
export function nativeBytes(): Uint8Array {
  return bytes;
}

/** A view of `count` 32-bit numbers, as it is until more room is taken. */
export function nativeNumbers(at: number, count: number): Int32Array {
  return new Int32Array(bytes.buffer, at, count);
}

/**
 * Room for `size` bytes, of which nothing is known, and NULs behind it. Rooms are given back in the
 * opposite order, in the same turn: see {@link giveBack}.
 *
 * @throws RangeError when the isolate has no memory left.
 */
export function takeRoom(size: number): number {
  const at = top;
  const end = at + size + PADDING_BYTES;
  if (end > bytes.length) {
    native.memory.grow(Math.ceil((end - bytes.length) / PAGE_BYTES));
    bytes = new Uint8Array(native.memory.buffer);
  }
  bytes.fill(0, at + size, end);
  top = align(end);
  return at;
}

/** Gives back the room at `at` and all that was taken after it. */
export function giveBack(at: number): void {
  top = at;
}

/** Room that holds `content`. */
export function takeRoomFor(content: Uint8Array): number {
  const at = takeRoom(content.length);
  bytes.set(content, at);
  return at;
}

function align(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}
