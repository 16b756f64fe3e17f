import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, type AwsRequest } from "./aws-request.ts";
import { ACTIONS, touchedKeys, type Operation } from "./operation.ts";
import type { BucketOptions, Statement } from "./options.ts";

/** Who signed, and what that identity may do. */
export type Identity = {
  readonly arn: string;
  readonly allow: readonly Statement[];
};

/** Refuses what no statement of `identity` allows. */
export function checkPolicy(
  identity: Identity,
  request: AwsRequest,
  operation: Operation,
): AwsRefusal | undefined {
  const action = ACTIONS[operation];
  if (action === undefined) return refusal(501, "NotImplemented");
  const keys = touchedKeys(request, operation);
  if (keys.every((key) => mayDo(identity, action, request.bucket, key))) return undefined;
  return refusal(403, "AccessDenied", `${identity.arn} is not authorized to perform: ${action}`);
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
