import type { Result } from "../../core/result.ts";
import type { OwnBucket, OwnBucketRole } from "../../region/own-bucket.ts";
import type { Bucket } from "../../s3/bucket.ts";
import type { BucketFailure } from "../../s3/failures.ts";
import type { Session } from "../../s3/sts.ts";
import { OWN_BUCKET_FOLDER } from "./policies.ts";
import { judgeRegion, judgeSettings } from "./verify-settings.ts";
import {
  concludeVerification,
  type Verification,
  type VerificationStep,
  type VerificationStepName,
} from "./verification.ts";

/** What a verification reaches. */
export type VerifyDeps = {
  readonly own: OwnBucket;
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

export type VerifiedBucket = Pick<Bucket, "get" | "list" | "putNew" | "remove" | "setting">;

/** Between two tries of what IAM may not have heard of yet. */
const TRY_EVERY_MS = 3_000;
/** No customer's: its form is that of ours, its content is nobody's. */
const WRONG_EXTERNAL_ID = "homeport-verification-of-a-wrong-id";
const PROBE = "Homeport verifies that it can write, read and delete here. This may be deleted.\n";

/**
 * Does for real all that the archive will do later, with one small object that is deleted in the end,
 * and looks at the settings that could carry events out of the region or keep them for ever. Never
 * throws for what a bucket answers; steps that others make pointless are skipped.
 */
export async function verifyOwnBucket(deps: VerifyDeps): Promise<Verification> {
  const untilMs = deps.now() + deps.patienceMs;
  const assumed = await assumeRoles(deps, untilMs);
  const refused = await refuseOthers(deps, assumed);
  const steps: VerificationStep[] = [refused, ...assumed];
  const canAssume = assumed.every((step) => step.state !== "failed");
  if (canAssume) {
    const reader = deps.open("reader");
    steps.push(
      judgeRegion(deps.own, await patient(deps, untilMs, () => reader.setting("location"))),
    );
    steps.push(...(await probe(deps, untilMs)));
    steps.push(...(await judgeSettings(deps.own, reader)));
  }
  if (deps.own.access.kind === "segment") steps.push(CONFUSED_DEPUTY);
  return concludeVerification(steps, deps.now());
}

const CONFUSED_DEPUTY: VerificationStep = {
  step: "confused-deputy",
  state: "warned",
  found:
    "The bucket's policy names the platform for writing, without an ExternalId; that the bucket is yours was shown by the role.",
  change: "Let the writer be a role with the ExternalId as well: storage/setup has the documents.",
};

async function assumeRoles(
  deps: VerifyDeps,
  untilMs: number,
): Promise<readonly VerificationStep[]> {
  const { access, externalId } = deps.own;
  const roles: readonly (readonly [VerificationStepName, string])[] =
    access.kind === "roles"
      ? [
          ["assume-writer", access.writer],
          ["assume-reader", access.reader],
          ["assume-eraser", access.eraser],
        ]
      : [["assume-reader", access.role]];
  return Promise.all(
    roles.map(async ([step, role]) => {
      const session = await patient(deps, untilMs, () => deps.assume(role, externalId));
      if (session.ok) return passed(step, "The role was assumed with the ExternalId.");
      return failed(
        step,
        session.error,
        "Apply the trust policy of storage/setup to the role: it has to name the platform and the ExternalId.",
      );
    }),
  );
}

/** A role that can be had without our ExternalId could be had by any other workspace as well. */
async function refuseOthers(
  deps: VerifyDeps,
  assumed: readonly VerificationStep[],
): Promise<VerificationStep> {
  const step = "external-id";
  // Only a role that can be assumed shows anything by refusing.
  if (assumed.some(({ state }) => state === "failed")) {
    return { step, state: "skipped", found: "The role cannot be assumed yet." };
  }
  const { access } = deps.own;
  const roles =
    access.kind === "roles" ? [access.writer, access.reader, access.eraser] : [access.role];
  for (const role of roles) {
    for (const externalId of [undefined, WRONG_EXTERNAL_ID]) {
      const session = await deps.assume(role, externalId);
      const how = externalId === undefined ? "without an ExternalId" : "with a wrong ExternalId";
      if (session.ok) {
        return {
          step,
          state: "failed",
          found: `A role could be assumed ${how}.`,
          change:
            "Let the trust policy ask for the ExternalId with StringEquals on sts:ExternalId.",
        };
      }
      if (session.error.kind !== "refused") {
        return failed(step, session.error, "Verify again: STS did not answer.");
      }
    }
  }
  return passed(step, "No role can be assumed without the ExternalId.");
}

/** Writes, lists, reads and deletes one small object, each with the role that will do it later. */
async function probe(deps: VerifyDeps, untilMs: number): Promise<readonly VerificationStep[]> {
  const key = `${OWN_BUCKET_FOLDER}homeport-verification-${deps.nonce}`;
  const unproven = await proveControl(deps, untilMs);
  if (unproven !== undefined) return [unproven];
  const put = await patient(deps, untilMs, () =>
    deps.open("writer").putNew(key, new TextEncoder().encode(PROBE), { contentType: "text/plain" }),
  );
  if (!put.ok) {
    const isKms = "code" in put.error && put.error.code.startsWith("KMS");
    const steps = [
      failed(
        "put-object",
        put.error,
        `Allow s3:PutObject on ${OWN_BUCKET_FOLDER}* as storage/setup says, and kms:GenerateDataKey if the bucket has a key.`,
      ),
    ];
    if (isKms) {
      steps.push(failed("kms-key", put.error, "Check the ARN of the key and its policy."));
    }
    return steps;
  }
  const steps = [passed("put-object", "An object was written.")];
  const listed = await patient(deps, untilMs, () => deps.open("reader").list(key, { max: 1 }));
  const isListed = listed.ok && listed.value.entries.some((entry) => entry.key === key);
  steps.push(
    isListed
      ? passed("list-objects", "The object was listed.")
      : failed(
          "list-objects",
          listed.ok ? undefined : listed.error,
          `Allow s3:ListBucket for the prefix ${OWN_BUCKET_FOLDER}*.`,
        ),
  );
  steps.push(...(await readBack(deps, untilMs, key)));
  const removed = await patient(deps, untilMs, () => deps.open("eraser").remove(key));
  steps.push(
    removed.ok
      ? passed("delete-object", "The object was deleted.")
      : failed(
          "delete-object",
          removed.error,
          "Allow s3:DeleteObject; then delete the object yourself.",
        ),
  );
  return steps;
}

/**
 * Where the bucket's policy names us for every workspace alike, nothing is written before the role,
 * which trusts this workspace only, was seen to have a say in that bucket.
 */
async function proveControl(
  deps: VerifyDeps,
  untilMs: number,
): Promise<VerificationStep | undefined> {
  if (deps.own.access.kind !== "segment") return undefined;
  const listed = await patient(deps, untilMs, () =>
    deps.open("reader").list(OWN_BUCKET_FOLDER, { max: 1 }),
  );
  if (listed.ok) return undefined;
  const change =
    "Nothing was written, since the role may not list the bucket: allow it s3:ListBucket.";
  return failed("list-objects", listed.error, change);
}

async function readBack(
  deps: VerifyDeps,
  untilMs: number,
  key: string,
): Promise<readonly VerificationStep[]> {
  const read = await patient(deps, untilMs, () => deps.open("reader").get(key));
  if (!read.ok) {
    const change = "Allow s3:GetObject, and kms:Decrypt if the bucket has a key.";
    return [failed("get-object", read.error, change)];
  }
  const text = await new Response(read.value.body).text().catch(() => "");
  const isSame = text === PROBE;
  const steps = [
    isSame
      ? passed("get-object", "The object was read back.")
      : failed("get-object", undefined, "Something between us and the bucket changes objects."),
  ];
  const wanted = deps.own.kmsKeyArn;
  if (wanted === undefined) return steps;
  // Reading it back needed kms:Decrypt, writing it kms:GenerateDataKey.
  const isEncrypted = read.value.kmsKeyArn === wanted;
  steps.push(
    isEncrypted
      ? passed("kms-key", "The object was encrypted with the key and decrypted again.")
      : failed("kms-key", undefined, "The object came back without the key's encryption."),
  );
  return steps;
}

/** Tries again while IAM may not have heard yet: a refusal, until the time is over. */
async function patient<T, E>(
  deps: VerifyDeps,
  untilMs: number,
  work: () => Promise<Result<T, E>>,
): Promise<Result<T, E>> {
  for (;;) {
    const done = await work();
    if (done.ok || !isAccessDenied(done.error)) return done;
    if (deps.now() + TRY_EVERY_MS > untilMs) return done;
    await deps.wait(TRY_EVERY_MS);
  }
}

function isAccessDenied(error: unknown): boolean {
  return (error as { readonly code?: string }).code === "AccessDenied";
}

function passed(step: VerificationStepName, found: string): VerificationStep {
  return { step, state: "passed", found };
}

function failed(
  step: VerificationStepName,
  error: { readonly kind: string; readonly code?: string } | undefined,
  change: string,
): VerificationStep {
  const found =
    error === undefined ? "It was not as it has to be." : `${error.code ?? error.kind}.`;
  return { step, state: "failed", found, change };
}
