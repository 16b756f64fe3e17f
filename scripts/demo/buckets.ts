import type { BucketAccess } from "../../test/support/read-bucket.ts";
import { homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import {
  HOME_CREDENTIALS,
  homeBucketName,
  LOCATIONS,
  type LocalAwsOptions,
  type User,
} from "../local-aws/options.ts";
import type { Stack } from "../stack/start-stack.ts";

/** A bucket that the demo reads, with keys of whoever owns it. */
export type DemoBucket = {
  readonly name: string;
  readonly location: ArchiveLocation;
  readonly access: BucketAccess;
  /** The key that writes have to ask for. */
  readonly kmsKeyArn?: string;
};

/** The customer's bucket of `--own-bucket`, in an AWS account of theirs. */
export const CUSTOMER = {
  account: "111122223333",
  bucket: "acme-raw-events",
  location: "eu-west-1",
  kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/5f2c8d1e-acme",
} as const;

/** Who administers the customer's account: reads and spoils what the platform may not touch. */
export const ADMINISTRATOR: User = {
  arn: `arn:aws:iam::${CUSTOMER.account}:user/administrator`,
  accessKeyId: "AKIACUSTOMERLOCALEU1",
  secretAccessKey: "local-only-customer-secret-not-aws-local",
  locations: [CUSTOMER.location],
  allow: [
    { actions: ["s3:*"], bucket: CUSTOMER.bucket },
    {
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      bucket: "",
      kmsKeyId: CUSTOMER.kmsKeyArn,
    },
  ],
};

/** The customer's account before setup: a bucket that nobody else may use, and its administrator. */
export const CUSTOMER_AWS: Pick<LocalAwsOptions, "buckets" | "users"> = {
  buckets: [
    {
      name: CUSTOMER.bucket,
      location: CUSTOMER.location,
      kmsKeyId: CUSTOMER.kmsKeyArn,
      checksKmsGrants: true,
    },
  ],
  users: [ADMINISTRATOR],
};

/** The platform's four buckets. */
export function platformBuckets(stack: Stack): readonly DemoBucket[] {
  return LOCATIONS.map((location) => ({
    name: homeBucketName(location),
    location,
    access: {
      endpoint: stack.aws.endpoints[location],
      location,
      credentials: HOME_CREDENTIALS[homeOf(location)],
    },
  }));
}

/** The customer's, read by its administrator. */
export function customerBucket(stack: Stack): DemoBucket {
  const { bucket, location, kmsKeyArn } = CUSTOMER;
  const endpoint = stack.aws.endpoints[location];
  return {
    name: bucket,
    location,
    kmsKeyArn,
    access: { endpoint, location, credentials: ADMINISTRATOR },
  };
}
