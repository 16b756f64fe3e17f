import { err, ok, type Result } from "../../core/result.ts";
import type { OwnBucket, OwnBucketRole } from "../../region/own-bucket.ts";
import type { Bucket, ObjectBody } from "../../s3/bucket.ts";
import type { BucketFailure } from "../../s3/failures.ts";
import type { VerificationStep } from "./verification.ts";
import { failed, passed, patient, type Patience } from "./verify-steps.ts";

export type VerifiedBucket = Pick<
  Bucket,
  "get" | "list" | "putNew" | "removeMany" | "replace" | "setting"
>;

/** What is reached to try a bucket with an object. */
export type ProbeDeps = {
  readonly own: OwnBucket;
  /** The bucket as that purpose sees it. */
  readonly open: (purpose: OwnBucketRole) => VerifiedBucket;
  /** Differs for every verification, so that two at once do not meet. */
  readonly nonce: string;
  /** Where it is tried, ending in a slash. */
  readonly folder: string;
};

const PROBE = new TextEncoder().encode(
  "Homeport verifies that it can write, read and delete here. This may be deleted.\n",
);
const TEXT = { contentType: "text/plain" };
/** No object has it: it is the ETag of no bytes at all. */
const OTHER_ETAG = '"d41d8cd98f00b204e9800998ecf8427e"';

/**
 * Writes, lists, reads, rewrites and deletes one small object, each with the role that will do it
 * later, and sees that a second writer and a rewrite of something else are refused: the archive counts
 * on both.
 */
export async function probeBucket(
  deps: ProbeDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const key = `${deps.folder}homeport-verification-${deps.nonce}`;
  const unproven = await proveControl(deps, patience);
  if (unproven !== undefined) return [unproven];
  const put = await patient(patience, () => deps.open("writer").putNew(key, PROBE, TEXT));
  if (!put.ok) return notWritten(deps, put.error);
  return [
    passed("put-object", "An object was written."),
    await writeAgain(deps, key),
    await list(deps, patience, key),
    ...(await readBack(deps, patience, key)),
    await remove(deps, patience, key),
  ];
}

/**
 * Where the bucket's policy names us for every workspace alike, nothing is written before the role,
 * which trusts this workspace only, was seen to have a say in that bucket.
 */
async function proveControl(
  deps: ProbeDeps,
  patience: Patience,
): Promise<VerificationStep | undefined> {
  if (deps.own.access.kind !== "segment") return undefined;
  const listed = await patient(patience, () => deps.open("reader").list(deps.folder, { max: 1 }));
  if (listed.ok) return undefined;
  const change =
    "Nothing was written, since the role may not list the bucket: allow it s3:ListBucket.";
  return failed("list-objects", listed.error, change);
}

function notWritten(
  { folder }: ProbeDeps,
  error: { readonly kind: string; readonly code?: string },
): readonly VerificationStep[] {
  const allow = `Allow s3:PutObject on ${folder}* as storage/setup says, and kms:GenerateDataKey if the bucket has a key.`;
  const step = failed("put-object", error, allow);
  if (!(error.code ?? "").startsWith("KMS")) return [step];
  return [step, failed("kms-key", error, "Check the ARN of the key and its policy.")];
}

/** A store that writes over what is there would lose events where two writers meet. */
async function writeAgain(deps: ProbeDeps, key: string): Promise<VerificationStep> {
  const again = await deps.open("writer").putNew(key, PROBE, TEXT);
  if (!again.ok && again.error.kind === "already-exists") {
    return passed("create-once", "What is there already is not written over.");
  }
  return failed(
    "create-once",
    again.ok ? undefined : again.error,
    "The bucket has to obey If-None-Match: * on PutObject.",
  );
}

async function list(deps: ProbeDeps, patience: Patience, key: string): Promise<VerificationStep> {
  const listed = await patient(patience, () => deps.open("reader").list(key, { max: 1 }));
  if (listed.ok && listed.value.entries.some((entry) => entry.key === key)) {
    return passed("list-objects", "The object was listed.");
  }
  const change = `Allow s3:ListBucket for the prefix ${deps.folder}*.`;
  return failed("list-objects", listed.ok ? undefined : listed.error, change);
}

async function readBack(
  deps: ProbeDeps,
  patience: Patience,
  key: string,
): Promise<readonly VerificationStep[]> {
  const read = await patient(patience, () => deps.open("reader").get(key));
  if (!read.ok) {
    const change = "Allow s3:GetObject, and kms:Decrypt if the bucket has a key.";
    return [failed("get-object", read.error, change)];
  }
  const bytes = await new Response(read.value.body).arrayBuffer().catch(() => undefined);
  const isSame = bytes !== undefined && sameBytes(new Uint8Array(bytes), PROBE);
  return [
    isSame
      ? passed("get-object", "The object was read back.")
      : failed("get-object", undefined, "Something between us and the bucket changes objects."),
    ...encryption(deps.own, read.value),
    await rewrite(deps, patience, key),
  ];
}

/** Reading it back needed kms:Decrypt, writing it kms:GenerateDataKey. */
function encryption(
  { kmsKeyArn }: OwnBucket,
  object: Pick<ObjectBody, "kmsKeyArn">,
): readonly VerificationStep[] {
  if (kmsKeyArn === undefined) return [];
  return [
    object.kmsKeyArn === kmsKeyArn
      ? passed("kms-key", "The object was encrypted with the key and decrypted again.")
      : failed("kms-key", undefined, "The object came back without the key's encryption."),
  ];
}

/** A deletion rewrites files: never one that changed meanwhile, and always one that did not. */
async function rewrite(
  deps: ProbeDeps,
  patience: Patience,
  key: string,
): Promise<VerificationStep> {
  const step = "rewrite-object";
  const eraser = deps.open("eraser");
  const read = await patient(patience, () => eraser.get(key));
  if (!read.ok) {
    const change = "Allow s3:GetObject to the eraser, and kms:Decrypt if the bucket has a key.";
    return failed(step, read.error, change);
  }
  await read.value.body.cancel();
  const other = await patient(patience, () => eraser.replace(key, PROBE, OTHER_ETAG, TEXT));
  if (other.ok) {
    return failed(step, undefined, "The bucket has to obey If-Match on PutObject; it does not.");
  }
  const replaced =
    other.error.kind === "changed"
      ? await patient(patience, () => eraser.replace(key, PROBE, read.value.etag, TEXT))
      : other;
  if (replaced.ok) return passed(step, "The object was rewritten, and only as it was read.");
  const change =
    "Allow s3:PutObject to the eraser, with kms:GenerateDataKey if the bucket has a key. Outside AWS the bucket has to obey If-Match on PutObject.";
  return failed(step, replaced.error, change);
}

async function remove(deps: ProbeDeps, patience: Patience, key: string): Promise<VerificationStep> {
  const removed = await patient(patience, async (): Promise<Result<undefined, BucketFailure>> => {
    const done = await deps.open("eraser").removeMany([key]);
    if (!done.ok) return done;
    const code = done.value.refused.get(key);
    return code === undefined ? ok(undefined) : err({ kind: "refused", status: undefined, code });
  });
  if (removed.ok) return passed("delete-object", "The object was deleted.");
  const change =
    "Allow s3:DeleteObject to the eraser, and where the bucket keeps versions s3:ListBucketVersions and s3:DeleteObjectVersion; then delete the object yourself.";
  return failed("delete-object", removed.error, change);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
