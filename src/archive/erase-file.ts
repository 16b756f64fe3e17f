import { err, ok, type Result } from "../core/result.ts";
import { sipKey } from "../core/siphash.ts";
import { FileTally, type LinesSummary } from "./file-tally.ts";
import { GzipStream, type GzipFacts } from "./gzip-stream.ts";
import { FileFaultError, type FileFault } from "./read-lines.ts";
import { scanFile, type Stretch } from "./scan-lines.ts";
import type { SubjectFinder } from "./subjects.ts";

/** A file without some users; the file itself went out piece by piece. */
export type ErasedFile = {
  /** Lines that were left out. */
  readonly removed: number;
  /** What is left; the same lines, byte by byte, in their order. */
  readonly gzip: GzipFacts;
  readonly summary: LinesSummary;
};

/**
 * Reads a file as a stream and hands it out again, compressed, without the lines that are about one of
 * the users. Nothing of it is held but the hashes of its users. A line that is no JSON object stays:
 * nobody can say whom it is about. Where nothing is left out, the content is that of the file.
 */
export async function eraseFile(
  body: ReadableStream<Uint8Array>,
  finder: SubjectFinder,
  fingerprintKey: string,
  out: (gzip: Uint8Array) => void,
): Promise<Result<ErasedFile, FileFault>> {
  const tally = new FileTally();
  const gzip = new GzipStream(out);
  let removed = 0;
  const visit = (stretch: Stretch): void => {
    let from = 0;
    for (let line = 0; line < stretch.lines; line++) {
      if (!finder.finds(stretch, line)) {
        tally.take(stretch, line);
        continue;
      }
      removed += 1;
      gzip.add(stretch.bytes.subarray(from, stretch.start(line)));
      from = stretch.end(line) + 1;
    }
    gzip.add(stretch.bytes.subarray(from));
  };
  try {
    await scanFile(body, sipKey(fingerprintKey), visit);
  } catch (error) {
    if (error instanceof FileFaultError) return err(error.fault);
    throw error;
  }
  return ok({ removed, gzip: gzip.finish(), summary: tally.finish() });
}
