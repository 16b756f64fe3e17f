import type { EndpointKind } from "../../region/s3-endpoints.ts";
import type { VerificationStepName } from "./verification.ts";

/** In what an endpoint outside AWS differs from S3, and how a customer makes keys for it. */
export type EndpointTraits = {
  readonly title: string;
  /** Whether `If-Match` wants the ETag without its quotes. */
  readonly hasBareIfMatch: boolean;
  /** Steps of a verification that cannot be done there, each with the reason. */
  readonly notOffered: Readonly<Partial<Record<VerificationStepName, string>>>;
  /** What the customer does there, in order; names in braces are filled in. */
  readonly steps: readonly string[];
};

const NO_ROLES =
  "Access is by keys made for this bucket; there is no role that others could ask for.";
const NO_KMS = "KMS keys are AWS's; the endpoint's own encryption at rest applies.";

/** Holds for every endpoint outside AWS. */
const BY_KEYS: EndpointTraits["notOffered"] = {
  "external-id": NO_ROLES,
  "assume-writer": NO_ROLES,
  "assume-reader": NO_ROLES,
  "assume-eraser": NO_ROLES,
  "kms-key": NO_KMS,
  "confused-deputy": NO_ROLES,
};

const USER_STEPS = [
  "Make the bucket {bucket} at this endpoint, without versioning, object lock and replication.",
  "Make a user or application of its own for Homeport, that may reach no other bucket.",
  "Allow it on {bucket}: s3:ListBucket, s3:GetBucketLocation, and on {files}: s3:GetObject, s3:PutObject, s3:DeleteObject; with versioning also s3:ListBucketVersions and s3:DeleteObjectVersion.",
  "Make an access key for that user and send it with PUT …/storage; it is kept encrypted and never shown again.",
];

export const ENDPOINT_TRAITS: Readonly<Record<EndpointKind, EndpointTraits>> = {
  r2: {
    title: "Cloudflare R2",
    hasBareIfMatch: false,
    notOffered: {
      ...BY_KEYS,
      versioning: "R2 keeps no old versions.",
      "object-lock":
        "R2's bucket locks do not show through S3; that an object can be deleted was tried.",
      "public-access":
        "R2's public domains do not show through S3: see that none is connected to the bucket.",
      replication: "R2 does not replicate a bucket to another.",
    },
    steps: [
      "Make the bucket in the jurisdiction: npx wrangler r2 bucket create {bucket} --jurisdiction {region}",
      "In R2, Manage API tokens, make an account API token with Object Read & Write for the bucket {bucket} only, without an end date or with one in your calendar.",
      "Connect no public domain to the bucket and set no bucket lock on {folders}.",
      "Send its Access Key ID and Secret Access Key with PUT …/storage; the secret is kept encrypted and never shown again.",
    ],
  },
  ceph: {
    title: "Ceph's RADOS gateway",
    hasBareIfMatch: true,
    notOffered: BY_KEYS,
    steps: USER_STEPS,
  },
  minio: { title: "MinIO", hasBareIfMatch: false, notOffered: BY_KEYS, steps: USER_STEPS },
  generic: {
    title: "an S3-compatible service",
    hasBareIfMatch: false,
    notOffered: BY_KEYS,
    steps: USER_STEPS,
  },
};
