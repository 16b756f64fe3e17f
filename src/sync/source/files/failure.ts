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
      return refusal(failure.status);
  }
}

/** Without a status it was our own guard that refused. */
function refusal(status: number | undefined): SourceFailure {
  if (status === undefined) {
    return new SourceFailure(
      "refused_by_guard",
      "The bucket is not known to be in the region",
      false,
    );
  }
  return status === 404
    ? new SourceFailure("no_such_bucket", "There is no bucket of that name", false)
    : new SourceFailure("permission_denied", "The bucket or the role does not let us in", false);
}

/** A file that is not what its name says; `what` is ours and quotes nothing of it. */
export function badFile(what: string): SourceFailure {
  return new SourceFailure("bad_file", `A file cannot be read: ${what}`, false);
}
