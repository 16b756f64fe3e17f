import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, type AwsRequest } from "./aws-request.ts";
import { ACTIONS, touchedKeys, type Operation } from "./operation.ts";
import type { BucketOptions, Statement } from "./options.ts";
import { versioningOf } from "./versions.ts";

/** Who signed, and what that identity may do. */
export type Identity = {
  readonly arn: string;
  readonly allow: readonly Statement[];
  /** Of a session: what policies know it by. */
  readonly roleArn?: string;
};

/** Refuses what no statement of `identity` allows. */
export function checkPolicy(
  identity: Identity,
  request: AwsRequest,
  operation: Operation,
  bucket?: BucketOptions,
): AwsRefusal | undefined {
  const action = ACTIONS[operation];
  if (action === undefined) return refusal(501, "NotImplemented");
  // Of a bucket with versions each object is judged by itself, and told so in the answer.
  const isJudgedLater =
    operation === "DeleteObjects" && bucket !== undefined && versioningOf(bucket) !== "never";
  const keys = isJudgedLater ? [] : touchedKeys(request, operation);
  if (keys.every((key) => isAllowed(identity, action, request.bucket, key, bucket)))
    return undefined;
  return refusal(403, "AccessDenied", `${identity.arn} is not authorized to perform: ${action}`);
}

/** Whether anything allows `identity` to take `action` on `key`: its own policy, or the bucket's. */
export function isAllowed(
  identity: Identity,
  action: string,
  bucketName: string,
  key: string,
  bucket?: BucketOptions,
): boolean {
  return mayDo(identity, action, bucketName, key) || isGranted(identity, action, key, bucket);
}

/** Whether `identity` may take `action` on `key` of `bucket`. */
export function mayDo(identity: Identity, action: string, bucket: string, key: string): boolean {
  return identity.allow.some(
    (statement) =>
      statement.bucket === bucket &&
      key.startsWith(statement.prefix ?? "") &&
      statement.actions.some((allowed) => allowed === action || allowed === "s3:*"),
  );
}

/** Whether the bucket's own policy allows it to whoever signed. */
function isGranted(
  { arn }: Identity,
  action: string,
  key: string,
  bucket: BucketOptions | undefined,
): boolean {
  return (bucket?.grants ?? []).some(
    (grant) =>
      grant.principal === arn &&
      grant.actions.includes(action) &&
      key.startsWith(grant.prefix ?? ""),
  );
}

/**
 * Refuses who may not use the bucket's key for what the operation needs it for: what signs has to be
 * allowed to, and the key's policy has to name it. Users' own policies are not the customer's, so of
 * the platform's user only the key's policy counts.
 */
export function checkKmsGrant(
  identity: Identity,
  operation: Operation,
  { kmsKeyId, checksKmsGrants, kmsGrants, location }: BucketOptions,
): AwsRefusal | undefined {
  const action = KMS_ACTIONS[operation];
  if (kmsKeyId === undefined || checksKmsGrants !== true || action === undefined) return undefined;
  const service = `s3.${location}.amazonaws.com`;
  const isVia = (statement: { readonly viaService?: string }): boolean =>
    (statement.viaService ?? service) === service;
  const isAllowed = identity.allow.some(
    (statement) =>
      statement.kmsKeyId === kmsKeyId && statement.actions.includes(action) && isVia(statement),
  );
  const isNamed = (kmsGrants ?? []).some(
    (grant) =>
      grant.principal === (identity.roleArn ?? identity.arn) &&
      grant.actions.includes(action) &&
      isVia(grant),
  );
  const isRole = identity.roleArn !== undefined;
  const isGranted = kmsGrants === undefined || isNamed;
  if (isGranted && (isAllowed || (!isRole && isNamed))) return undefined;
  return refusal(403, "AccessDenied", `${identity.arn} is not authorized to perform: ${action}`);
}

const KMS_ACTIONS: Readonly<Partial<Record<Operation, string>>> = {
  GetObject: "kms:Decrypt",
  PutObject: "kms:GenerateDataKey",
};

const WRITES: readonly Operation[] = ["PutObject", "CopyObject", "CreateMultipartUpload"];

/** Refuses a write that does not ask for the bucket's KMS key, or asks for a key nobody made. */
export function checkKms(
  request: AwsRequest,
  operation: Operation,
  bucket: BucketOptions,
  knownKeys: ReadonlySet<string>,
): AwsRefusal | undefined {
  if (!WRITES.includes(operation)) return undefined;
  const algorithm = header(request, "x-amz-server-side-encryption");
  const keyId = header(request, "x-amz-server-side-encryption-aws-kms-key-id");
  const asked = algorithm === "aws:kms" ? keyId : undefined;
  if (bucket.kmsKeyId !== undefined && asked !== bucket.kmsKeyId) {
    return refusal(403, "AccessDenied", "The bucket policy requires its KMS key");
  }
  if (asked === undefined || knownKeys.has(asked)) return undefined;
  return refusal(400, "KMS.NotFoundException", "The KMS key does not exist");
}
