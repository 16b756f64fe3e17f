import { createHash } from "node:crypto";

import type { AwsAccess } from "../../region/own-bucket.ts";

/** Enough that two buckets of an account do not meet, and short enough for a role's 64 characters. */
const TAG_CHARS = 8;

/**
 * Roles that setup proposes. Their names differ for each source and bucket, since each role trusts one
 * ExternalId: with the same names a second bucket's roles would take the place of the first one's.
 */
export function proposedRoles(
  form: AwsAccess["kind"],
  account: string,
  { sourceId, bucket }: { readonly sourceId: string; readonly bucket: string },
): AwsAccess {
  const tag = createHash("sha256")
    .update(`${sourceId} ${bucket}`)
    .digest("hex")
    .slice(0, TAG_CHARS);
  const role = (name: string): string => `arn:aws:iam::${account}:role/homeport-${name}-${tag}`;
  if (form === "segment") return { kind: "segment", role: role("archives") };
  return {
    kind: "roles",
    writer: role("writer"),
    reader: role("reader"),
    eraser: role("eraser"),
  };
}
