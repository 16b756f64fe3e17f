import type { BucketDocuments, PolicyDocument } from "../../src/archive/own-bucket/policies.ts";
import type { OwnBucketAccess } from "../../src/region/own-bucket.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { bucketOf, rolesOf } from "./from-documents.ts";
import type { LocalAws } from "./start.ts";

/** What `GET …/storage/setup` answers, as far as it is applied. */
export type SetupAnswer = {
  /** To be sent back with `PUT …/storage`. */
  readonly storage: {
    readonly bucket: string;
    readonly location: ArchiveLocation;
    readonly access: OwnBucketAccess;
    readonly kmsKeyArn?: string;
  };
  readonly externalId: string;
  readonly label: string;
  readonly platformPrincipal: string;
  readonly bucketPolicy: PolicyDocument;
  readonly roles: readonly {
    readonly purpose: string;
    readonly arn: string;
    readonly trustPolicy: PolicyDocument;
    readonly policy: PolicyDocument;
  }[];
  readonly kmsKeyPolicy: PolicyDocument | null;
};

/**
 * Pastes the documents of setup into the stand-in, as a customer would at AWS; `keyUsers` are named in
 * the key's policy already.
 */
export async function applySetup(
  aws: Pick<LocalAws, "setRole" | "setBucket">,
  setup: SetupAnswer,
  keyUsers: readonly string[] = [],
): Promise<void> {
  const documents = documentsOf(setup);
  for (const role of rolesOf(documents)) await aws.setRole(role);
  await aws.setBucket(bucketOf(setup.storage, documents, keyUsers));
}

/** The documents as the product holds them. */
export function documentsOf({ bucketPolicy, roles, kmsKeyPolicy }: SetupAnswer): BucketDocuments {
  return {
    bucketPolicy,
    roles: roles.map(({ arn, trustPolicy, policy }) => ({
      purpose: "all",
      arn,
      trust: trustPolicy,
      policy,
    })),
    ...(kmsKeyPolicy === null ? {} : { kmsKeyPolicy }),
  };
}
