/** What a verification tries, in this order. */
export const VERIFICATION_STEPS = [
  "external-id",
  "assume-writer",
  "assume-reader",
  "assume-eraser",
  "bucket-region",
  "put-object",
  "create-once",
  "list-objects",
  "get-object",
  "kms-key",
  "rewrite-object",
  "delete-object",
  "data-lake",
  "versioning",
  "object-lock",
  "public-access",
  "replication",
  "lifecycle",
  "confused-deputy",
] as const;
export type VerificationStepName = (typeof VERIFICATION_STEPS)[number];

/**
 * `unknown`: the role may not read it, so nobody knows; `not-applicable`: there is no such thing where
 * the bucket is. Neither keeps storage from being on.
 */
export const STEP_STATES = [
  "passed",
  "failed",
  "warned",
  "unknown",
  "skipped",
  "not-applicable",
] as const;
export type StepState = (typeof STEP_STATES)[number];

export type VerificationStep = {
  readonly step: VerificationStepName;
  readonly state: StepState;
  /** What was found, with the code that S3, STS or KMS answered, if any. */
  readonly found: string;
  /** What to change; absent where nothing has to be. */
  readonly change?: string;
};

/** The outcome of one verification. */
export type Verification = {
  readonly state: "passed" | "failed";
  readonly atMs: number;
  readonly steps: readonly VerificationStep[];
};

/** One failed step is enough; warnings and what nobody may know are not. */
export function concludeVerification(
  steps: readonly VerificationStep[],
  atMs: number,
): Verification {
  const state = steps.some((step) => step.state === "failed") ? "failed" : "passed";
  return { state, atMs, steps };
}
