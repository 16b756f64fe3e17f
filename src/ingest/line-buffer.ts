import type { Payload } from "./payload.ts";

/** NDJSON in the making. */
export interface LineBuffer {
  readonly lineCount: number;
  /** Appends a text. */
  text(text: string): void;
  /** Appends what many lines share. */
  piece(piece: Piece): void;
  /**
   * Appends a part of a payload as it stands, but for line breaks: they stand between tokens only,
   * and would end the line.
   */
  copy(payload: Payload, from: number, to: number): void;
  endLine(): void;
  /** The lines in an array of their exact size (RPC sends the whole buffer behind a view). */
  take(): Lines;
}

export type Lines = {
  readonly lines: Uint8Array;
  /** Where each line ends, newline included. */
  readonly ends: Uint32Array;
};

/** A text and its UTF-8. */
export type Piece = { readonly text: string; readonly bytes: Uint8Array };

const encoder = new TextEncoder();

export function pieceOf(text: string): Piece {
  return { text, bytes: encoder.encode(text) };
}

/**
 * A buffer for events of these payloads: of text when all is ASCII, because V8 joins slices of a text
 * in a third of the time that copying bytes takes, else of bytes, because texts would have to be
 * decoded first.
 */
export function lineBufferFor(payloads: readonly Payload[], bytesExpected: number): LineBuffer {
  return payloads.every(({ isAscii }) => isAscii) ? new TextLines() : new ByteLines(bytesExpected);
}

class TextLines implements LineBuffer {
  #text = "";
  readonly #ends: number[] = [];

  get lineCount(): number {
    return this.#ends.length;
  }

  text(text: string): void {
    this.#text += text;
  }

  piece({ text }: Piece): void {
    this.#text += text;
  }

  copy({ text, hasBreaks }: Payload, from: number, to: number): void {
    const part = text.slice(from, to);
    this.#text += hasBreaks ? part.replace(/[\r\n]/g, "") : part;
  }

  endLine(): void {
    this.#text += "\n";
    this.#ends.push(this.#text.length);
  }

  take(): Lines {
    const lines = new Uint8Array(this.#text.length);
    encoder.encodeInto(this.#text, lines);
    return { lines, ends: Uint32Array.from(this.#ends) };
  }
}

/** Spans shorter than this are copied byte by byte: `set` with a view costs more than it saves. */
const LOOP_BYTES_MAX = 32;
const ASCII_MAX = 0x7f;
const UTF8_BYTES_PER_UNIT_MAX = 3;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

class ByteLines implements LineBuffer {
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

  text(text: string): void {
    this.#reserve(text.length * UTF8_BYTES_PER_UNIT_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > ASCII_MAX) {
        at += encoder.encodeInto(text.slice(i), bytes.subarray(at)).written;
        break;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  piece({ bytes }: Piece): void {
    this.#span(bytes, 0, bytes.length);
  }

  copy({ bytes, hasBreaks }: Payload, from: number, to: number): void {
    if (!hasBreaks) {
      this.#span(bytes, from, to);
      return;
    }
    this.#reserve(to - from);
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0;
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) this.#bytes[this.#length++] = byte;
    }
  }

  endLine(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = LINE_FEED;
    this.#ends.push(this.#length);
  }

  take(): Lines {
    return { lines: this.#bytes.slice(0, this.#length), ends: Uint32Array.from(this.#ends) };
  }

  #span(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    if (to - from > LOOP_BYTES_MAX) {
      this.#bytes.set(source.subarray(from, to), this.#length);
      this.#length += to - from;
      return;
    }
    for (let i = from; i < to; i++) this.#bytes[this.#length++] = source[i] ?? 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
