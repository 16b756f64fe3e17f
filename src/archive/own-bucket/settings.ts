import { err, ok, type Result } from "../../core/result.ts";
import type { HomeRegion } from "../../core/ids.ts";
import type { AwsAccess, OwnBucket } from "../../region/own-bucket.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import { bucketUrlProblem } from "../../region/bucket-url.ts";
import { HOME_REGIONS } from "../../region/regions.ts";
import { endpointIn, type ListedEndpoints } from "../../region/s3-endpoints.ts";

/** What the customer says of the bucket; the rest is ours. */
export type OwnBucketDraft = {
  readonly bucket: string;
  /** Of a bucket outside AWS the first of the home. */
  readonly location: ArchiveLocation;
  /** The host of an endpoint outside AWS. */
  readonly endpoint?: string;
  readonly label?: string;
  readonly access: AwsAccess | HandedInKeys;
  readonly kmsKeyArn?: string;
  readonly dataLake?: true;
};

/** Keys as the customer hands them in; only in a draft does the secret one stand beside the other. */
export type HandedInKeys = {
  readonly kind: "keys";
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** One setting that cannot be, and why. */
export type OwnBucketProblem = { readonly path: string; readonly message: string };

const ROLE = /^arn:aws:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;
const KEY = /^arn:aws:kms:([a-z0-9-]+):\d{12}:key\/([\w-]{1,128})$/;

/** S3's own rule: lower case, no dots at either end, no underscores. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Any vendor's: R2's are 32 hex digits, Ceph's 20 characters. */
const ACCESS_KEY_ID = /^[\w./+=-]{3,128}$/;
const SECRET_KEY = /^[\x21-\x7e]{8,256}$/;

/**
 * What is wrong with a draft before anybody is asked: the bucket's name, the form of the roles, a key
 * of another region or of several, an endpoint that nobody knows to be in the region.
 */
export function refuseOwnBucket(
  draft: OwnBucketDraft,
  home: HomeRegion,
  listed: ListedEndpoints,
): Result<undefined, readonly OwnBucketProblem[]> {
  const problems =
    draft.endpoint === undefined
      ? refuseAtAws(draft, HOME_REGIONS[home].locations)
      : refuseAtEndpoint(draft, draft.endpoint, home, listed);
  return problems.length === 0 ? ok(undefined) : err(problems);
}

function refuseAtAws(
  { bucket, location, access, kmsKeyArn }: OwnBucketDraft,
  locations: readonly ArchiveLocation[],
): readonly OwnBucketProblem[] {
  const problems: OwnBucketProblem[] = [];
  if (!locations.includes(location)) {
    problems.push({ path: "location", message: `has to be one of ${locations.join(", ")}` });
  } else {
    const url = `https://s3.${location}.amazonaws.com/${bucket}`;
    const problem = bucketUrlProblem(url, location, false);
    if (problem !== undefined) problems.push({ path: "bucket", message: "is no bucket's name" });
  }
  if (access.kind === "keys") {
    const message = "at AWS roles are assumed: keys are for an endpoint outside AWS";
    return [...problems, { path: "access.kind", message }];
  }
  for (const [purpose, arn] of Object.entries(access)) {
    if (purpose !== "kind" && !ROLE.test(arn)) {
      problems.push({
        path: `access.${purpose}`,
        message: "has to be like arn:aws:iam::123456789012:role/name",
      });
    }
  }
  if (kmsKeyArn !== undefined) problems.push(...refuseKey(kmsKeyArn, location));
  return problems;
}

function refuseAtEndpoint(
  { bucket, access, kmsKeyArn }: OwnBucketDraft,
  host: string,
  home: HomeRegion,
  listed: ListedEndpoints,
): readonly OwnBucketProblem[] {
  const problems: OwnBucketProblem[] = [];
  const endpoint = endpointIn(home, host, listed);
  if (!endpoint.ok) problems.push({ path: "endpoint", message: endpoint.error });
  if (!BUCKET_NAME.test(bucket)) problems.push({ path: "bucket", message: "is no bucket's name" });
  if (kmsKeyArn !== undefined) {
    problems.push({ path: "kmsKeyArn", message: "is for AWS only: leave it out" });
  }
  if (access.kind !== "keys") {
    const message = "outside AWS there are no roles: hand in keys that were made for this bucket";
    return [...problems, { path: "access.kind", message }];
  }
  if (!ACCESS_KEY_ID.test(access.accessKeyId)) {
    problems.push({ path: "access.accessKeyId", message: "is no access key id" });
  }
  if (!SECRET_KEY.test(access.secretAccessKey)) {
    problems.push({ path: "access.secretAccessKey", message: "is no secret access key" });
  }
  return problems;
}

function refuseKey(kmsKeyArn: string, location: ArchiveLocation): readonly OwnBucketProblem[] {
  const [, region, id = ""] = KEY.exec(kmsKeyArn) ?? [];
  const path = "kmsKeyArn";
  if (region === undefined) {
    return [{ path, message: "has to be like arn:aws:kms:eu-west-1:123456789012:key/id" }];
  }
  if (region !== location) return [{ path, message: `is not a key of ${location}` }];
  // Its copies in other regions open what this one closed.
  if (id.startsWith("mrk-")) return [{ path, message: "is a key of several regions" }];
  return [];
}

/** The label that is proposed: the location and the account of the roles, or the endpoint. */
export function labelOf({ label, access, location, endpoint }: OwnBucketDraft): string {
  if (label !== undefined) return label;
  if (access.kind === "keys") return endpoint ?? location;
  const arn = access.kind === "roles" ? access.writer : access.role;
  return `${location}-${ROLE.exec(arn)?.[1] ?? ""}`;
}

/** The bucket of a draft, without the secret one of its keys. */
export function ownBucketOf(
  draft: OwnBucketDraft,
  ours: Pick<OwnBucket, "name" | "externalId">,
): OwnBucket {
  const { bucket, location, endpoint, access, kmsKeyArn, dataLake } = draft;
  return {
    ...ours,
    bucket,
    location,
    ...(endpoint === undefined ? {} : { endpoint }),
    label: labelOf(draft),
    access: access.kind === "keys" ? { kind: "keys", accessKeyId: access.accessKeyId } : access,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(dataLake === undefined ? {} : { dataLake }),
  };
}

/** Whether both are the same bucket, entered the same way. */
export function isSameBucket(a: OwnBucket, b: OwnBucket): boolean {
  return (
    JSON.stringify({ ...a, name: "", label: "" }) === JSON.stringify({ ...b, name: "", label: "" })
  );
}

/** Whether both are one bucket, however it is got into. */
export function isOneBucket(a: OwnBucket, b: OwnBucket): boolean {
  return a.endpoint === b.endpoint && a.bucket === b.bucket;
}

/** Whether both are one bucket at one endpoint outside AWS, by whatever keys: those may change. */
export function isSameByKeys(a: OwnBucket, b: OwnBucket): boolean {
  return a.endpoint !== undefined && isOneBucket(a, b);
}
