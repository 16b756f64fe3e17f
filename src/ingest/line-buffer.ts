/** Spans shorter than this are copied byte by byte: `set` with a view costs more than it saves. */
const LOOP_BYTES_MAX = 32;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const encoder = new TextEncoder();

/** NDJSON in the making: one buffer that grows, and where its lines end. */
export class LineBuffer {
  #bytes: Uint8Array;
  #length = 0;
  readonly #ends: number[] = [];

  /** @param bytesExpected how much room to make at first; a good guess saves copying. */
  constructor(bytesExpected: number) {
    this.#bytes = new Uint8Array(bytesExpected);
  }

  get lineCount(): number {
    return this.#ends.length;
  }

  /** Appends the UTF-8 of `text`. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        at += encoder.encodeInto(text.slice(i), bytes.subarray(at)).written;
        break;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** Appends all of `source`; nothing when there is none. */
  all(source: Uint8Array | undefined): void {
    if (source !== undefined) this.copy(source, 0, source.length);
  }

  /** Appends the bytes from `from` to `to`. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    if (to - from > LOOP_BYTES_MAX) {
      this.#bytes.set(source.subarray(from, to), this.#length);
      this.#length += to - from;
      return;
    }
    for (let i = from; i < to; i++) this.#bytes[this.#length++] = source[i] ?? 0;
  }

  /** Appends JSON without the line breaks between its tokens; strings hold none. */
  copyUnbroken(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    for (let i = from; i < to; i++) {
      const byte = source[i] ?? 0;
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) this.#bytes[this.#length++] = byte;
    }
  }

  endLine(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = LINE_FEED;
    this.#ends.push(this.#length);
  }

  /** The lines in an array of their exact size: RPC sends the whole buffer behind a view. */
  lines(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Where each line ends, newline included. */
  ends(): Uint32Array {
    return Uint32Array.from(this.#ends);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
