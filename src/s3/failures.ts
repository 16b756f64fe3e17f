import type { EgressRefusal } from "../egress/guard.ts";

/**
 * Why a bucket did not do what it was asked. Codes are S3's own words; messages are left out,
 * because vendors quote their input in them.
 */
export type BucketFailure =
  /** The bucket, or our guard, said no: the same request again cannot help. */
  | {
      readonly kind: "refused";
      readonly status: number | undefined;
      readonly code: string;
    }
  /** Not now. Nothing was written. */
  | { readonly kind: "unavailable"; readonly status: number | undefined; readonly code: string }
  /** No answer, or only a gateway's: the request may have been carried out, or may be later. */
  | { readonly kind: "unknown"; readonly code: string };

/** Nothing is under that key. */
export type NotFound = {
  readonly kind: "not-found";
  /** It was deleted in a bucket that keeps versions: older ones may still be there. */
  readonly isMarked?: true;
};

/** Why a new object was not written: the key is taken, or another write to it is going on. */
export type NotNew = { readonly kind: "already-exists" } | { readonly kind: "conflict" };

export type PutFailure = NotNew | BucketFailure;

/** Why an object was not written over: it is another one now, or none. */
export type ReplaceFailure = { readonly kind: "changed" } | BucketFailure;

/** Codes with which S3 answers 400 although the same request can succeed. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "Throttling",
  "ThrottlingException",
  "RequestLimitExceeded",
]);

/** Answers of something between us and the bucket, which may still pass the request on. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 504, 520, 522, 523, 524]);

/** S3's codes are single words; what a proxy puts in their place may quote the request. */
const CODE = /^[A-Z][A-Za-z0-9]{2,63}$/;

/**
 * What an answer that is no success means. `text` stands where S3 puts a code; it is kept as one, and
 * shown, only if it looks like one.
 */
export function failureOf(status: number, text: string): BucketFailure {
  const code = CODE.test(text) ? text : `http-${status}`;
  if (GATEWAY_STATUSES.has(status)) return { kind: "unknown", code };
  if (status >= 500 || status === 429 || status === 408 || TRANSIENT_CODES.has(code)) {
    return { kind: "unavailable", status, code };
  }
  return { kind: "refused", status, code };
}

/**
 * Whether the object may stand there, or come to stand there, although the PUT of it failed. S3's 500
 * is a fault of its own after it may have begun; its 503 and 429 are said before it begins.
 */
export function mayHaveLanded(failure: PutFailure): boolean {
  return failure.kind === "unknown" || (failure.kind === "unavailable" && failure.status === 500);
}

/**
 * A refusal by the right that is missing, where S3 says no more than that one is: whoever runs the bucket
 * has to know which. A version that is locked is refused in the same words.
 */
export function withRight<T extends BucketFailure>(failure: T, right: string): T {
  const isDenied = failure.kind === "refused" && failure.code === "AccessDenied";
  return isDenied ? { ...failure, code: `needs-${right}` } : failure;
}

/** What a refusal of our own guard means: nothing was sent, or a redirect was not followed. */
export function guardFailure(refusal: EgressRefusal): BucketFailure {
  return { kind: "refused", status: undefined, code: `egress-${refusal.kind}` };
}
