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
  | "DeleteObjectVersion"
  | "DeleteObjects"
  | "GetBucketLifecycleConfiguration"
  | "GetBucketLocation"
  | "GetBucketReplication"
  | "GetBucketVersioning"
  | "GetCallerIdentity"
  | "GetObject"
  | "GetObjectLockConfiguration"
  | "GetObjectVersion"
  | "GetPublicAccessBlock"
  | "HeadBucket"
  | "HeadObject"
  | "ListObjects"
  | "ListObjectVersions"
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
  DeleteObjectVersion: "s3:DeleteObjectVersion",
  DeleteObjects: "s3:DeleteObject",
  GetBucketLifecycleConfiguration: "s3:GetLifecycleConfiguration",
  GetBucketLocation: "s3:GetBucketLocation",
  GetBucketReplication: "s3:GetReplicationConfiguration",
  GetBucketVersioning: "s3:GetBucketVersioning",
  GetObject: "s3:GetObject",
  GetObjectVersion: "s3:GetObjectVersion",
  GetObjectLockConfiguration: "s3:GetBucketObjectLockConfiguration",
  GetPublicAccessBlock: "s3:GetBucketPublicAccessBlock",
  HeadBucket: "s3:ListBucket",
  HeadObject: "s3:GetObject",
  ListObjects: "s3:ListBucket",
  ListObjectVersions: "s3:ListBucketVersions",
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
  const isVersion = query.has("versionId");
  if (method === "GET" && !query.has("uploadId")) {
    return isVersion ? "GetObjectVersion" : "GetObject";
  }
  if (method === "HEAD") return "HeadObject";
  if (method === "DELETE" && query.has("uploadId")) return "AbortMultipartUpload";
  if (method === "DELETE") return isVersion ? "DeleteObjectVersion" : "DeleteObject";
  if (method === "POST" && query.has("uploads")) return "CreateMultipartUpload";
  if (method === "POST" && query.has("uploadId")) return "CompleteMultipartUpload";
  if (method !== "PUT") return "Unknown";
  if (query.has("partNumber")) return "UploadPart";
  return request.headers["x-amz-copy-source"] === undefined ? "PutObject" : "CopyObject";
}

function bucketOperation({ method, query }: AwsRequest): Operation {
  if (method === "HEAD") return "HeadBucket";
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  if (method !== "GET" || query.has("uploads")) return "Unknown";
  if (query.has("versions")) return "ListObjectVersions";
  return query.has("location") ? "GetBucketLocation" : "ListObjects";
}

/** The keys or prefixes that the permission has to cover. */
export function touchedKeys(request: AwsRequest, operation: Operation): readonly string[] {
  if (operation === "ListObjects" || operation === "ListObjectVersions") {
    return [param(request, "prefix") ?? ""];
  }
  if (operation !== "DeleteObjects") return [request.key];
  return deletedObjects(request).map(({ key }) => key);
}

/** What a DeleteObjects names. */
export function deletedObjects({
  body,
}: AwsRequest): readonly { readonly key: string; readonly versionId: string | undefined }[] {
  const objects = body.toString("utf8").matchAll(/<Object>(.*?)<\/Object>/gs);
  return [...objects].map(([, object = ""]) => ({
    key: unescapeXml(/<Key>([^<]*)<\/Key>/.exec(object)?.[1] ?? ""),
    versionId: /<VersionId>([^<]*)<\/VersionId>/.exec(object)?.[1],
  }));
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
