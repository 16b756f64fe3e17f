import type { IncomingHttpHeaders } from "node:http";
import { header, type AwsRequest } from "./aws-request.ts";
import type { Operation } from "./operation.ts";

/**
 * The store does not know KMS. What a writer asked for is kept as metadata of the object and shown
 * as S3 shows it; nothing is encrypted.
 */
const ALGORITHM = "x-amz-server-side-encryption";
const KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id";
const KEPT_ALGORITHM = "x-amz-meta-homeport-local-sse";
const KEPT_KEY_ID = "x-amz-meta-homeport-local-sse-key";

/** Metadata that remembers the encryption a write asks for. */
export function keptEncryption(
  request: AwsRequest,
  operation: Operation,
): Readonly<Record<string, string>> {
  if (operation !== "PutObject" && operation !== "CreateMultipartUpload") return {};
  const algorithm = header(request, ALGORITHM);
  if (algorithm === undefined) return {};
  const keyId = header(request, KEY_ID);
  return { [KEPT_ALGORITHM]: algorithm, ...(keyId === undefined ? {} : { [KEPT_KEY_ID]: keyId }) };
}

/** The encryption headers of an answer; without a wish S3 encrypts with AES256 by itself. */
export function shownEncryption(
  kept: Readonly<Record<string, string>>,
  operation: Operation,
  answered: IncomingHttpHeaders,
): Readonly<Record<string, string>> {
  const reads = operation === "GetObject" || operation === "HeadObject";
  if (!reads && operation !== "PutObject") return {};
  const source: Readonly<Record<string, unknown>> = reads ? answered : kept;
  const algorithm = source[KEPT_ALGORITHM];
  const keyId = source[KEPT_KEY_ID];
  return {
    [ALGORITHM]: typeof algorithm === "string" ? algorithm : "AES256",
    ...(typeof keyId === "string" ? { [KEY_ID]: keyId } : {}),
  };
}

/** Whether an answer's header is the metadata kept here, which no client put there. */
export function isKeptEncryption(name: string): boolean {
  return name === KEPT_ALGORITHM || name === KEPT_KEY_ID;
}
