import type { ArchiveLocation } from "../../src/region/regions.ts";
import { refused, xml, type Answer } from "./answer.ts";
import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, type AwsRequest } from "./aws-request.ts";
import { isKeptEncryption, keptEncryption, shownEncryption } from "./encryption.ts";
import { settingAsked, type Operation } from "./operation.ts";
import type { BucketOptions, BucketSetting } from "./options.ts";
import { checkKms, checkKmsGrant, checkPolicy, isAllowed, mayDo, type Identity } from "./policy.ts";
import type { StoreAnswer } from "./store.ts";
import type { VersionedStore } from "./versioned-store.ts";

/** Answers an S3 request whose signer is proven to be `identity`. */
export async function answerS3(
  request: AwsRequest,
  at: { readonly location: ArchiveLocation; readonly operation: Operation },
  identity: Identity,
  parts: { readonly buckets: readonly BucketOptions[]; readonly store: VersionedStore },
): Promise<Answer> {
  const { location, operation } = at;
  const bucket = parts.buckets.find(({ name }) => name === request.bucket);
  const barred =
    checkBucket(bucket, location) ??
    checkPolicy(identity, request, operation, bucket) ??
    checkCopySource(request, location, identity, parts.buckets);
  if (bucket === undefined || barred !== undefined) {
    return refused(barred ?? refusal(404, "NoSuchBucket"), "s3");
  }
  const known = new Set(
    parts.buckets.flatMap((other) =>
      other.location === location && other.kmsKeyId !== undefined ? [other.kmsKeyId] : [],
    ),
  );
  const kms = checkKms(request, operation, bucket, known);
  if (kms !== undefined) return refused(kms, "s3");
  const ungranted = checkKmsGrant(identity, operation, bucket);
  if (ungranted !== undefined) return refused(ungranted, "s3");
  if (operation === "GetBucketLocation") return xml(locationXml(location));
  const setting = settingAsked(request);
  if (setting !== undefined) return answerSetting(setting, bucket);
  if (operation === "HeadBucket")
    return { ...xml(""), headers: { "x-amz-bucket-region": location } };
  const kept = keptEncryption(request, operation);
  const mayDelete = (key: string, versionId: string | undefined): boolean => {
    const action = versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
    return isAllowed(identity, action, bucket.name, key, bucket);
  };
  const answer = await parts.store.send(request, operation, bucket, kept, mayDelete);
  const shown = fromStore(answer, operation, kept);
  if (operation !== "GetObject" || !shown.landed) return shown;
  return { ...shown, headers: { ...shown.headers, ...saidInstead(request) } };
}

/** Headers of an object that a signed request may have S3 say otherwise, by the parameter. */
const SAID_INSTEAD =
  /^response-(cache-control|content-disposition|content-encoding|content-language|content-type|expires)$/;

function saidInstead({ query }: AwsRequest): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [param, [value]] of query) {
    const name = SAID_INSTEAD.exec(param)?.[1];
    if (name !== undefined && value !== undefined) headers[name] = value;
  }
  return headers;
}

function checkBucket(
  bucket: BucketOptions | undefined,
  location: ArchiveLocation,
): AwsRefusal | undefined {
  if (bucket === undefined) return refusal(404, "NoSuchBucket");
  if (bucket.location === location) return undefined;
  const message =
    "The bucket you are attempting to access must be addressed using the specified endpoint.";
  return refusal(301, "PermanentRedirect", message, { "x-amz-bucket-region": bucket.location });
}

/** A copy reads as well, and may not read from another location. */
function checkCopySource(
  request: AwsRequest,
  location: ArchiveLocation,
  identity: Identity,
  buckets: readonly BucketOptions[],
): AwsRefusal | undefined {
  const source = header(request, "x-amz-copy-source");
  if (source === undefined) return undefined;
  const [name = "", ...rest] = decodeURI(source).replace(/^\//, "").split("/");
  const here = buckets.some((bucket) => bucket.name === name && bucket.location === location);
  if (!here) return refusal(501, "NotImplemented", "No copies between locations");
  const allowed = mayDo(identity, "s3:GetObject", name, decodeURIComponent(rest.join("/")));
  return allowed ? undefined : refusal(403, "AccessDenied");
}

function fromStore(
  answer: StoreAnswer,
  operation: Operation,
  kept: Readonly<Record<string, string>>,
): Answer {
  const landed = answer.status >= 200 && answer.status < 300;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    const passes = !/^(connection|keep-alive|transfer-encoding|server|date)$/.test(name);
    if (typeof value === "string" && passes && !isKeptEncryption(name)) headers[name] = value;
  }
  if (landed) Object.assign(headers, shownEncryption(kept, operation, answer.headers));
  const code = landed ? "" : (/<Code>([^<]+)/.exec(answer.body.toString("utf8"))?.[1] ?? "");
  return { status: answer.status, code, headers, body: answer.body, landed };
}

/** What was never set is not found, but for versioning, which is then said to be nothing. */
function answerSetting(setting: BucketSetting, { settings }: BucketOptions): Answer {
  const held = settings?.[setting];
  if (held !== undefined) return xml(held);
  if (setting === "versioning") return xml("<VersioningConfiguration/>");
  return refused(refusal(404, "NoSuchConfiguration"), "s3");
}

/** S3 calls the oldest region by no name at all. */
function locationXml(location: ArchiveLocation): string {
  const name = location === "us-east-1" ? "" : location;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${name}</LocationConstraint>`;
}
