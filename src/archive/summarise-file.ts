import { createHash } from "node:crypto";
import { err, ok, type Result } from "../core/result.ts";
import { sipKey } from "../core/siphash.ts";
import { FileTally, type LinesSummary } from "./file-tally.ts";
import { FileFaultError, type FileFault } from "./read-lines.ts";
import { scanFile } from "./scan-lines.ts";

/** What the catalogue wants to know of a file, read from the file itself. */
export type FileSummary = LinesSummary & {
  readonly rawBytes: number;
  readonly ndjsonSha256: string;
};

/**
 * Reads a whole file once, as a stream. `fingerprintKey` is the source's: it keys the hashes of user
 * ids, so that the filter is of use to nobody else.
 */
export async function summariseFile(
  body: ReadableStream<Uint8Array>,
  fingerprintKey: string,
): Promise<Result<FileSummary, FileFault>> {
  const hash = createHash("sha256");
  const tally = new FileTally();
  let rawBytes = 0;
  try {
    await scanFile(body, sipKey(fingerprintKey), (stretch) => {
      hash.update(stretch.bytes);
      rawBytes += stretch.bytes.byteLength;
      for (let line = 0; line < stretch.lines; line++) tally.take(stretch, line);
    });
  } catch (error) {
    if (error instanceof FileFaultError) return err(error.fault);
    throw error;
  }
  return ok({ rawBytes, ndjsonSha256: hash.digest("hex"), ...tally.finish() });
}
