import { err, ok, type Result } from "../core/result.ts";
import { sipKey, type SipKey } from "../core/siphash.ts";
import { afterHeader, NotInPiecesError, PieceCutter } from "./cut-pieces.ts";
import { FileTally, type LinesSummary } from "./file-tally.ts";
import { HEADER, isInPieces, type Piece } from "./gzip-parts.ts";
import { GzipStream, type GzipFacts } from "./gzip-stream.ts";
import {
  FileFaultError,
  readChunks,
  readHead,
  type Chunks,
  type FileFault,
} from "./read-chunks.ts";
import { blocksOf } from "./read-lines.ts";
import { scanBlocks, scanText, type Stretch } from "./scan-lines.ts";
import type { SubjectFinder } from "./subjects.ts";

/** A file without some users; the file itself went out piece by piece. */
export type ErasedFile = {
  /** Lines that were left out. */
  readonly removed: number;
  /** What is left; the same lines, byte by byte, in their order. */
  readonly gzip: GzipFacts;
  readonly summary: LinesSummary;
};

/** What {@link eraseFile} needs besides the file. */
export type Erasing = {
  readonly finder: SubjectFinder;
  readonly fingerprintKey: string;
  readonly out: (gzip: Uint8Array) => void;
  /** Reads it as any gzip, even if it looks as if it were made of pieces. */
  readonly isAnyGzip?: boolean;
};

/**
 * Reads a file as a stream and hands it out again, compressed, without the lines that are about one of
 * the users. Nothing of it is held but the hashes of its users. A line that is no JSON object stays:
 * nobody can say whom it is about. Where nothing is left out, the content is that of the file.
 *
 * Of a file that was put together from compressed pieces, those that hold none of the lines stay as
 * they are. `not-in-pieces` says that it only looked like one: it has to be read again, as any gzip.
 */
export async function eraseFile(
  body: ReadableStream<Uint8Array>,
  { finder, fingerprintKey, out, isAnyGzip = false }: Erasing,
): Promise<Result<ErasedFile, FileFault | "not-in-pieces">> {
  const chunks = readChunks(body, true);
  const rewriting = new Rewriting(finder, sipKey(fingerprintKey), out);
  try {
    const head = await readHead(chunks, HEADER.byteLength);
    if (!isAnyGzip && isInPieces(head)) await rewriting.takePieces(head, chunks);
    else await rewriting.takeBlocks(blocksOf(head, chunks));
    return ok(rewriting.finish());
  } catch (error) {
    if (error instanceof FileFaultError) return err(error.fault);
    if (error instanceof NotInPiecesError) return err("not-in-pieces");
    throw error;
  } finally {
    await chunks.return(undefined);
  }
}

/** Bytes from one place to before another. */
type Span = { readonly from: number; readonly to: number };

class Rewriting {
  readonly #finder: SubjectFinder;
  readonly #key: SipKey;
  readonly #gzip: GzipStream;
  readonly #tally = new FileTally();
  #removed = 0;

  constructor(finder: SubjectFinder, key: SipKey, out: (gzip: Uint8Array) => void) {
    this.#finder = finder;
    this.#key = key;
    this.#gzip = new GzipStream(out);
  }

  async takeBlocks(blocks: AsyncIterable<Uint8Array>): Promise<void> {
    await scanBlocks(blocks, this.#key, (stretch) => {
      const found: Span[] = [];
      this.#scan(stretch, 0, found);
      this.#keepOthers(stretch.bytes, found);
    });
  }

  async takePieces(head: Uint8Array, chunks: Chunks): Promise<void> {
    const cutter = new PieceCutter((piece) => this.#takePiece(piece));
    cutter.add(afterHeader(head));
    for await (const chunk of chunks) cutter.add(chunk);
    cutter.finish();
  }

  finish(): ErasedFile {
    return { removed: this.#removed, gzip: this.#gzip.finish(), summary: this.#tally.finish() };
  }

  #takePiece(piece: Piece): void {
    const found: Span[] = [];
    scanText(piece.raw, this.#key, (stretch, from) => this.#scan(stretch, from, found));
    if (found.length === 0) this.#gzip.addPiece(piece);
    else this.#keepOthers(piece.raw, found);
  }

  /** Sums up the lines that stay, and adds the places of the others, of a stretch that begins at `from`. */
  #scan(stretch: Stretch, from: number, found: Span[]): void {
    for (let line = 0; line < stretch.lines; line++) {
      if (!this.#finder.finds(stretch, line)) {
        this.#tally.take(stretch, line);
        continue;
      }
      this.#removed += 1;
      found.push({ from: from + stretch.start(line), to: from + stretch.end(line) + 1 });
    }
  }

  #keepOthers(bytes: Uint8Array, found: readonly Span[]): void {
    let from = 0;
    for (const span of found) {
      this.#gzip.add(bytes.subarray(from, span.from));
      from = span.to;
    }
    this.#gzip.add(bytes.subarray(from));
  }
}
