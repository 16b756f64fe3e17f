import { sipKey } from "../core/siphash.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { EraseFault, READ_MS_MAX } from "./erase.ts";
import { FileFaultError } from "./read-lines.ts";
import { scanFile, type Stretch } from "./scan-lines.ts";
import { hashSubjects, SubjectFinder, type Subjects } from "./subjects.ts";

export type MatchingDeps = {
  readonly subjects: Subjects;
  readonly fingerprintKey: string;
  bucket(file: ArchiveFile): Promise<Pick<Bucket, "get">>;
};

/** Reads files that can hold one of some users, and counts what it read. */
export class MatchingScan {
  readonly #deps: MatchingDeps;
  readonly #finder: SubjectFinder;
  readonly #read = { filesRead: 0, bytesRead: 0 };
  /** Of the users, as filters hold them. */
  readonly hashes: Uint8Array;

  constructor(deps: MatchingDeps) {
    this.#deps = deps;
    this.hashes = hashSubjects(deps.subjects, deps.fingerprintKey);
    this.#finder = new SubjectFinder(deps.subjects, this.hashes);
  }

  get counts(): { readonly filesRead: number; readonly bytesRead: number } {
    return { ...this.#read };
  }

  /** Shows each line of a file that is about one of the users. @throws EraseFault */
  async scan(file: ArchiveFile, visit: (stretch: Stretch, line: number) => void): Promise<void> {
    const bucket = await this.#deps.bucket(file);
    const object = await bucket.get(file.key, { signal: AbortSignal.timeout(READ_MS_MAX) });
    if (!object.ok && object.error.kind === "not-found") return;
    if (!object.ok) throw new EraseFault(`bucket-${object.error.kind}`);
    this.#read.filesRead += 1;
    this.#read.bytesRead += object.value.size ?? file.gzipBytes;
    try {
      await scanFile(object.value.body, sipKey(this.#deps.fingerprintKey), (stretch) => {
        for (let line = 0; line < stretch.lines; line++) {
          if (this.#finder.finds(stretch, line)) visit(stretch, line);
        }
      });
    } catch (error) {
      if (error instanceof FileFaultError) throw new EraseFault(error.fault);
      throw error;
    }
  }
}
