import type { Result } from "../../core/result.ts";
import type { OwnBucket, OwnBucketRole } from "../../region/own-bucket.ts";
import type { S3Endpoint } from "../../region/s3-endpoints.ts";
import type { BucketFailure } from "../../s3/failures.ts";
import type { Session } from "../../s3/sts.ts";
import { ENDPOINT_TRAITS, type EndpointTraits } from "./endpoint-kinds.ts";
import {
  concludeVerification,
  VERIFICATION_STEPS,
  type Verification,
  type VerificationStep,
} from "./verification.ts";
import { probeParquet } from "./verify-parquet.ts";
import { probeBucket, type VerifiedBucket } from "./verify-probe.ts";
import { OWN_BUCKET_FOLDER } from "./policies.ts";
import { verifyRoles } from "./verify-roles.ts";
import { judgeEndpoint, judgeRegion, judgeSettings } from "./verify-settings.ts";
import { patient, type Patience } from "./verify-steps.ts";

/** What a verification reaches. */
export type VerifyDeps = {
  readonly own: OwnBucket;
  /** Of a bucket outside AWS; `undefined` when nobody knows it any more. */
  readonly endpoint?: S3Endpoint | undefined;
  /** Asks for the role with that ExternalId, or without one. */
  assume(role: string, externalId: string | undefined): Promise<Result<Session, BucketFailure>>;
  /** The bucket as that purpose sees it. */
  open(purpose: OwnBucketRole): VerifiedBucket;
  wait(ms: number): Promise<void>;
  now(): number;
  /** How long a refusal is waited out: IAM takes a while to tell of new roles and policies. */
  readonly patienceMs: number;
  /** Differs for every verification, so that two at once do not meet. */
  readonly nonce: string;
};

/**
 * Does for real all that the archive will do later, with one small object that is deleted in the end,
 * and looks at the settings that could carry events out of the region or keep them for ever. Never
 * throws for what a bucket answers; steps that others make pointless are skipped.
 */
export async function verifyOwnBucket(deps: VerifyDeps): Promise<Verification> {
  const patience: Patience = {
    untilMs: deps.now() + deps.patienceMs,
    wait: (ms) => deps.wait(ms),
    now: () => deps.now(),
  };
  const steps =
    deps.own.endpoint === undefined
      ? await verifyAtAws(deps, patience)
      : await verifyAtEndpoint(deps, patience);
  return concludeVerification(steps, deps.now());
}

async function verifyAtAws(
  deps: VerifyDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const { own } = deps;
  const assume = (role: string, externalId: string | undefined) => deps.assume(role, externalId);
  const steps: VerificationStep[] = [...(await verifyRoles({ own, assume }, patience))];
  if (steps.every(({ step, state }) => step === "external-id" || state !== "failed")) {
    const reader = deps.open("reader");
    steps.push(judgeRegion(own, await patient(patience, () => reader.setting("location"))));
    steps.push(...(await probeFolders(deps, patience)));
    steps.push(...(await judgeSettings(own, reader)));
  }
  if (own.access.kind === "segment") steps.push(CONFUSED_DEPUTY);
  return steps;
}

/** The same, but for what there is only at AWS: each of that says why it is left out. */
async function verifyAtEndpoint(
  deps: VerifyDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const { endpoint, own } = deps;
  const region = judgeEndpoint(own, endpoint);
  if (endpoint === undefined) return [region];
  const traits = ENDPOINT_TRAITS[endpoint.kind];
  const steps = [
    region,
    ...(await probeFolders(deps, patience)),
    ...(await judgeSettings(own, deps.open("reader"), traits.notOffered)),
  ];
  return inOrder([...steps, ...leftOut(traits, steps)]);
}

function leftOut(
  { notOffered }: EndpointTraits,
  done: readonly VerificationStep[],
): readonly VerificationStep[] {
  return VERIFICATION_STEPS.flatMap((step) => {
    const found = notOffered[step];
    if (found === undefined || done.some((each) => each.step === step)) return [];
    return [{ step, state: "not-applicable", found }];
  });
}

function inOrder(steps: readonly VerificationStep[]): readonly VerificationStep[] {
  return steps.toSorted(
    (a, b) => VERIFICATION_STEPS.indexOf(a.step) - VERIFICATION_STEPS.indexOf(b.step),
  );
}

async function probeFolders(
  deps: VerifyDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const { own, nonce } = deps;
  const probe = { own, nonce, open: (purpose: OwnBucketRole) => deps.open(purpose) };
  const steps = await probeBucket({ ...probe, folder: OWN_BUCKET_FOLDER }, patience);
  return [...steps, ...(await probeParquet(probe, patience))];
}

const CONFUSED_DEPUTY: VerificationStep = {
  step: "confused-deputy",
  state: "warned",
  found:
    "The bucket's policy names the platform for writing, without an ExternalId; that the bucket is yours was shown by the role.",
  change: "Let the writer be a role with the ExternalId as well: storage/setup has the documents.",
};
