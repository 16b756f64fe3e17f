import { createHash } from "node:crypto";

import { err, ok, type Result } from "../core/result.ts";
import { sipKey } from "../core/siphash.ts";
import { concatBytes } from "../core/bytes.ts";
import { FileBuilder, type BuiltFile } from "./file-builder.ts";
import { FileFaultError, LineSplitter, readBlocks, type FileFault } from "./read-lines.ts";
import { isAbout, type Subjects } from "./subjects.ts";
import { readEvent, Tally, type FileSummary } from "./summarise-file.ts";

/** A file without some users. */
export type ErasedFile = {
  /** Lines that were left out. */
  readonly removed: number;
  /** SHA-256 of the NDJSON as it was read, hex. */
  readonly readSha256: string;
  /** What is left; the same lines, byte by byte, in their order. */
  readonly built: BuiltFile;
  readonly summary: Omit<FileSummary, "rawBytes" | "ndjsonSha256">;
};

const NEWLINE = Uint8Array.of(10);

/**
 * Reads a file as a stream and builds it again without the lines that are about one of the users.
 * Only compressed bytes, and the hashes of its users, are held. A line that is no JSON object stays:
 * nobody can say whom it is about.
 */
export async function eraseFile(
  body: ReadableStream<Uint8Array>,
  subjects: Subjects,
  fingerprintKey: string,
): Promise<Result<ErasedFile, FileFault>> {
  const hash = createHash("sha256");
  const splitter = new LineSplitter();
  const tally = new Tally(sipKey(fingerprintKey));
  const builder = new FileBuilder();
  let removed = 0;
  const keep = (lines: readonly Uint8Array[]): void => {
    const kept: Uint8Array[] = [];
    for (const line of lines) {
      const read = readEvent(line);
      if (read !== undefined && isAbout(subjects, read.users)) {
        removed += 1;
        continue;
      }
      tally.take(read);
      kept.push(line, NEWLINE);
    }
    if (kept.length > 0) builder.add(concatBytes(kept));
  };
  try {
    for await (const block of readBlocks(body)) {
      hash.update(block);
      keep(splitter.add(block));
    }
    keep(splitter.finish());
  } catch (error) {
    if (error instanceof FileFaultError) return err(error.fault);
    throw error;
  }
  const summary = tally.finish();
  return ok({ removed, readSha256: hash.digest("hex"), built: builder.finish(), summary });
}
