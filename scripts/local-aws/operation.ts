import { param, type AwsRequest } from "./aws-request.ts";
import { BUCKET_SETTINGS, type BucketSetting } from "./options.ts";

/** An operation of S3 or STS by its name in AWS's documents; faults and the log use the same. */
export type Operation =
  | "AbortMultipartUpload"
  | "AssumeRole"
  | "CompleteMultipartUpload"
  | "CopyObject"
  | "CreateMultipartUpload"
  | "DeleteObject"
  | "DeleteObjects"
  | "GetBucketLifecycleConfiguration"
  | "GetBucketLocation"
  | "GetBucketReplication"
  | "GetBucketVersioning"
  | "GetCallerIdentity"
  | "GetObject"
  | "GetObjectLockConfiguration"
  | "GetPublicAccessBlock"
  | "HeadBucket"
  | "HeadObject"
  | "ListObjects"
  | "PutObject"
  | "Unknown"
  | "UploadPart";

/** The permission each S3 operation needs; operations that are not here are not offered. */
export const ACTIONS: Readonly<Partial<Record<Operation, string>>> = {
  AbortMultipartUpload: "s3:AbortMultipartUpload",
  CompleteMultipartUpload: "s3:PutObject",
  CopyObject: "s3:PutObject",
  CreateMultipartUpload: "s3:PutObject",
  DeleteObject: "s3:DeleteObject",
  DeleteObjects: "s3:DeleteObject",
  GetBucketLifecycleConfiguration: "s3:GetLifecycleConfiguration",
  GetBucketLocation: "s3:GetBucketLocation",
  GetBucketReplication: "s3:GetReplicationConfiguration",
  GetBucketVersioning: "s3:GetBucketVersioning",
  GetObject: "s3:GetObject",
  GetObjectLockConfiguration: "s3:GetBucketObjectLockConfiguration",
  GetPublicAccessBlock: "s3:GetBucketPublicAccessBlock",
  HeadBucket: "s3:ListBucket",
  HeadObject: "s3:GetObject",
  ListObjects: "s3:ListBucket",
  PutObject: "s3:PutObject",
  UploadPart: "s3:PutObject",
};

/** Subresources that change or show more than the object itself; none is offered. */
const SUBRESOURCES = ["acl", "cors", "lifecycle", "policy", "retention", "tagging", "versioning"];

/** The operations that show a bucket's setting, by the subresource. */
const SHOW_SETTING: Readonly<Record<BucketSetting, Operation>> = {
  lifecycle: "GetBucketLifecycleConfiguration",
  "object-lock": "GetObjectLockConfiguration",
  publicAccessBlock: "GetPublicAccessBlock",
  replication: "GetBucketReplication",
  versioning: "GetBucketVersioning",
};

/** The setting of a bucket that `request` asks to see. */
export function settingAsked({
  method,
  query,
  bucket,
  key,
}: AwsRequest): BucketSetting | undefined {
  if (method !== "GET" || bucket === "" || key !== "") return undefined;
  return BUCKET_SETTINGS.find((name) => query.has(name));
}

/** Names what `request` asks S3 for. */
export function s3Operation(request: AwsRequest): Operation {
  const { method, query, bucket, key } = request;
  const setting = settingAsked(request);
  if (setting !== undefined) return SHOW_SETTING[setting];
  if (bucket === "" || SUBRESOURCES.some((name) => query.has(name))) return "Unknown";
  if (key === "") return bucketOperation(request);
  if (method === "GET" && !query.has("uploadId")) return "GetObject";
  if (method === "HEAD") return "HeadObject";
  if (method === "DELETE") return query.has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  if (method === "POST" && query.has("uploads")) return "CreateMultipartUpload";
  if (method === "POST" && query.has("uploadId")) return "CompleteMultipartUpload";
  if (method !== "PUT") return "Unknown";
  if (query.has("partNumber")) return "UploadPart";
  return request.headers["x-amz-copy-source"] === undefined ? "PutObject" : "CopyObject";
}

function bucketOperation({ method, query }: AwsRequest): Operation {
  if (method === "HEAD") return "HeadBucket";
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  if (method !== "GET" || query.has("uploads") || query.has("versions")) return "Unknown";
  return query.has("location") ? "GetBucketLocation" : "ListObjects";
}

/** The keys or prefixes that the permission has to cover. */
export function touchedKeys(request: AwsRequest, operation: Operation): readonly string[] {
  if (operation === "ListObjects") return [param(request, "prefix") ?? ""];
  if (operation !== "DeleteObjects") return [request.key];
  const found = request.body.toString("utf8").matchAll(/<Key>([^<]*)<\/Key>/g);
  return [...found].map((match) => unescapeXml(match[1] ?? ""));
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
