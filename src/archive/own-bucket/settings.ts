import { err, ok, type Result } from "../../core/result.ts";
import type { OwnBucket, OwnBucketAccess } from "../../region/own-bucket.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import { bucketUrlProblem } from "../../region/bucket-url.ts";

/** What the customer says of the bucket; the rest is ours. */
export type OwnBucketDraft = {
  readonly bucket: string;
  readonly location: ArchiveLocation;
  readonly label?: string;
  readonly access: OwnBucketAccess;
  readonly kmsKeyArn?: string;
};

/** One setting that cannot be, and why. */
export type OwnBucketProblem = { readonly path: string; readonly message: string };

const ROLE = /^arn:aws:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;
const KEY = /^arn:aws:kms:([a-z0-9-]+):\d{12}:key\/([\w-]{1,128})$/;

/**
 * What is wrong with a draft before anybody is asked: the bucket's name, the form of the roles, a key
 * of another region or of several.
 */
export function refuseOwnBucket(
  draft: OwnBucketDraft,
  locations: readonly ArchiveLocation[],
): Result<undefined, readonly OwnBucketProblem[]> {
  const { bucket, location, access, kmsKeyArn } = draft;
  const problems: OwnBucketProblem[] = [];
  if (!locations.includes(location)) {
    problems.push({ path: "location", message: `has to be one of ${locations.join(", ")}` });
  } else {
    const url = `https://s3.${location}.amazonaws.com/${bucket}`;
    const problem = bucketUrlProblem(url, location, false);
    if (problem !== undefined) problems.push({ path: "bucket", message: "is no bucket's name" });
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
  return problems.length === 0 ? ok(undefined) : err(problems);
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

/** The label that is proposed: the location and the account that the roles are of. */
export function labelOf(draft: OwnBucketDraft): string {
  if (draft.label !== undefined) return draft.label;
  const arn = draft.access.kind === "roles" ? draft.access.writer : draft.access.role;
  return `${draft.location}-${ROLE.exec(arn)?.[1] ?? ""}`;
}

/** The bucket of a draft. */
export function ownBucketOf(
  draft: OwnBucketDraft,
  ours: Pick<OwnBucket, "name" | "externalId">,
): OwnBucket {
  const { bucket, location, access, kmsKeyArn } = draft;
  return {
    ...ours,
    bucket,
    location,
    label: labelOf(draft),
    access,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}

/** Whether both are the same bucket, entered the same way. */
export function isSameBucket(a: OwnBucket, b: OwnBucket): boolean {
  return (
    JSON.stringify({ ...a, name: "", label: "" }) === JSON.stringify({ ...b, name: "", label: "" })
  );
}
