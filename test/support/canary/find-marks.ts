import { constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

import { formsOf, type Mark, type MarkKind } from "./marks.ts";

/** Something that a run left behind, and the marks that may be in it. */
export type Piece = {
  /** The kind of place, as the brief of a leak names it. */
  readonly area: string;
  readonly where: string;
  readonly values: readonly (string | Uint8Array)[];
  readonly mayHold: readonly MarkKind[];
};

export type Sighting = {
  readonly area: string;
  readonly where: string;
  readonly kind: MarkKind;
  readonly label: string;
  readonly form: string;
};

/** Marks that stand where they may not. */
export function leaksIn(pieces: readonly Piece[], marks: readonly Mark[]): readonly Sighting[] {
  const finder = new Finder(marks);
  return pieces.flatMap((piece) =>
    finder.sightingsIn(piece).filter(({ kind }) => !piece.mayHold.includes(kind)),
  );
}

/** Where marks stand at all. */
export function sightingsIn(pieces: readonly Piece[], marks: readonly Mark[]): readonly Sighting[] {
  const finder = new Finder(marks);
  return pieces.flatMap((piece) => finder.sightingsIn(piece));
}

type Needle = { readonly mark: Mark; readonly form: string; readonly text: string };

/** Characters by which needles are looked up; each fills a byte of a 32-bit number. */
const HEAD_CHARS = 4;
const SIEVE_BITS = 20;

/** Finds thousands of needles in one pass. */
class Finder {
  readonly #needles = new Map<number, Needle[]>();
  /** Whether any needle begins so, by some bits of a product of its head: most do not. */
  readonly #sieve = new Uint8Array(2 ** SIEVE_BITS);

  constructor(marks: readonly Mark[]) {
    for (const mark of marks) {
      for (const { name, text } of formsOf(mark)) {
        let head = 0;
        for (let at = 0; at < HEAD_CHARS; at++) head = (head << 8) | text.charCodeAt(at);
        const held = this.#needles.get(head) ?? [];
        held.push({ mark, form: name, text });
        this.#needles.set(head, held);
        this.#sieve[slotOf(head)] = 1;
      }
    }
  }

  /** Each mark once, in the first form that is met. */
  sightingsIn({ area, where, values }: Piece): readonly Sighting[] {
    const found = new Map<Mark, string>();
    for (const text of values.flatMap(viewsOf)) this.#find(text, found);
    return Array.from(found, ([{ kind, label }, form]) => ({ area, where, kind, label, form }));
  }

  #find(text: string, found: Map<Mark, string>): void {
    let head = 0;
    for (let at = 0; at < text.length; at++) {
      head = (head << 8) | text.charCodeAt(at);
      if (this.#sieve[slotOf(head)] !== 1) continue;
      for (const needle of this.#needles.get(head) ?? []) {
        if (found.has(needle.mark)) continue;
        if (text.startsWith(needle.text, at - HEAD_CHARS + 1)) found.set(needle.mark, needle.form);
      }
    }
  }
}

function slotOf(head: number): number {
  return Math.imul(head, 0x9e3779b1) >>> (32 - SIEVE_BITS);
}

/** The bytes as they are and as anybody could read them: unescaped, decoded, inflated. */
function viewsOf(value: string | Uint8Array): readonly string[] {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : Buffer.from(value);
  return [bytes, ...inflatedIn(bytes)].flatMap((each) => {
    const text = each.toString("latin1");
    const views = [text];
    if (/%[0-9a-f]{2}/i.test(text)) views.push(percentDecoded(text));
    if (text.includes("\\")) views.push(unescaped(text));
    return views;
  });
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function unescaped(text: string): string {
  return text
    .replaceAll(/\\u00([0-9a-f]{2})/gi, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replaceAll(/\\(["\\/])/g, "$1");
}

/** A piece of a stream need not have its end. */
const CUT_OFF = { finishFlush: constants.Z_SYNC_FLUSH };
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const ZLIB_HEADERS = [0x01, 0x5e, 0x9c, 0xda].map((level) => Buffer.from([0x78, level]));

/** Whatever in the bytes is compressed: gzip and zlib anywhere, raw deflate as a whole. */
function inflatedIn(bytes: Buffer): readonly Buffer[] {
  const tries = [
    () => inflateRawSync(bytes, CUT_OFF),
    ...offsetsOf(bytes, GZIP).map((at) => () => gunzipSync(bytes.subarray(at), CUT_OFF)),
    ...ZLIB_HEADERS.flatMap((header) => offsetsOf(bytes, header)).map(
      (at) => () => inflateSync(bytes.subarray(at), CUT_OFF),
    ),
  ];
  return tries.flatMap((inflate) => {
    try {
      return [inflate()];
    } catch {
      return [];
    }
  });
}

function offsetsOf(bytes: Buffer, wanted: Buffer): readonly number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
    offsets.push(at);
  }
  return offsets;
}
