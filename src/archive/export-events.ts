import type { RegulationId, SourceId } from "../core/ids.ts";
import { sipKey } from "../core/siphash.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import { EraseFault } from "./erase.ts";
import { GzipStream, type GzipFacts } from "./gzip-stream.ts";
import type { LinkDeps } from "./link.ts";
import { scanFile } from "./scan-lines.ts";
import { MatchingScan } from "./scan-matching.ts";
import { hashSubjects, SubjectFinder } from "./subjects.ts";
import { walkMatching, type WalkPosition } from "./walk-files.ts";

/** A file of an export: the lines of some users, as they stand in the archive. */
export type ExportedFile = {
  readonly key: string;
  readonly location: ArchiveLocation;
  readonly events: number;
  readonly gzipBytes: number;
};

/** What one slice of an export did. */
export type ExportedSlice = {
  readonly isOver: boolean;
  readonly position?: WalkPosition;
  /** Absent when no line of the users was met. */
  readonly file?: ExportedFile;
  readonly counts: { readonly filesRead: number; readonly bytesRead: number };
  readonly failure?: string;
};

export type ExportDeps = LinkDeps & {
  /** Takes compressed bytes as they come to be. */
  readonly out: (gzip: Uint8Array) => void;
  /** Writes what was handed out as one object. */
  put(facts: GzipFacts, events: number): Promise<ExportedFile>;
};

/** Compressed bytes from which on a slice ends: files of an export are of about this size. */
const FILE_BYTES = 8 * 1024 * 1024;

/** Where the exports of a source stand in the platform's bucket of its home. */
export function exportPrefix(sourceId: SourceId, regulationId?: RegulationId): string {
  const folder = `subject-access/${sourceId}/`;
  return regulationId === undefined ? folder : `${folder}${regulationId}/`;
}

/**
 * Copies the lines of some users out of the archive, as far as the slice goes. A slice that fails
 * writes nothing, and is done again from where it began.
 */
export async function exportSlice(
  from: WalkPosition | undefined,
  deps: ExportDeps,
): Promise<ExportedSlice> {
  const scan = new MatchingScan(deps);
  let bytes = 0;
  let events = 0;
  const gzip = new GzipStream((piece) => {
    bytes += piece.byteLength;
    deps.out(piece);
  });
  const walked = await walkMatching(
    from,
    {
      months: () => deps.months(),
      matching: (month, after) => deps.matching(month, scan.hashes, after),
      isOver: () => deps.isOver() || bytes >= FILE_BYTES,
      mayGoOn: () => deps.mayGoOn(),
      // Lines of two files must not get between each other.
      filesAtOnce: 1,
    },
    (_month, file) =>
      scan.scan(file, (stretch, line) => {
        events += 1;
        gzip.add(stretch.bytes.subarray(stretch.start(line), stretch.end(line)));
        gzip.add(NEWLINE);
      }),
  );
  const { failure, isOver, position } = walked;
  const { counts } = scan;
  if (failure !== undefined) {
    if (!(failure instanceof EraseFault)) throw failure;
    const asBefore = from === undefined ? {} : { position: from };
    return { isOver: false, ...asBefore, counts, failure: failure.message };
  }
  const facts = gzip.finish();
  return {
    isOver,
    ...(position === undefined ? {} : { position }),
    ...(events === 0 ? {} : { file: await deps.put(facts, events) }),
    counts,
  };
}

const NEWLINE = Uint8Array.of(10);

/** Whether any line of a file is about one of the users. @throws FileFaultError */
export async function namesAny(
  body: ReadableStream<Uint8Array>,
  subjects: LinkDeps["subjects"],
  fingerprintKey: string,
): Promise<boolean> {
  const finder = new SubjectFinder(subjects, hashSubjects(subjects, fingerprintKey));
  try {
    await scanFile(body, sipKey(fingerprintKey), (stretch) => {
      for (let line = 0; line < stretch.lines; line++) {
        if (finder.finds(stretch, line)) throw new Named();
      }
    });
  } catch (error) {
    if (error instanceof Named) return true;
    throw error;
  }
  return false;
}

/** Ends the reading of a file at the first line that was looked for. */
class Named extends Error {}
