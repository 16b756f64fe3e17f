import type { BucketFailure, NotFound } from "../../../s3/failures.ts";
import { SourceFailure } from "../source.ts";

/** What it means that a bucket did not do what it was asked. */
export function bucketFailure(failure: BucketFailure | NotFound): SourceFailure {
  switch (failure.kind) {
    case "not-found":
      return new SourceFailure("changed_while_reading", "A file is not there any more", true);
    case "unavailable":
    case "unknown":
      return new SourceFailure("unreachable", "The bucket does not answer", true);
    case "refused":
      return failure.code === "guard" || failure.status === undefined
        ? new SourceFailure(
            "refused_by_guard",
            "The bucket is not known to be in the region",
            false,
          )
        : new SourceFailure(
            "permission_denied",
            "The bucket or the role does not let us in",
            false,
          );
  }
}

/** A file that is not what its name says; `what` is ours and quotes nothing of it. */
export function badFile(what: string): SourceFailure {
  return new SourceFailure("bad_file", `A file cannot be read: ${what}`, false);
}
