import {
  HOME_REGION_NAMES,
  HOME_REGIONS,
  homeOf,
  type ArchiveLocation,
} from "../../src/region/regions.ts";
import type { HomeRegion } from "../../src/core/ids.ts";

/** What an identity may do: some actions on the keys of one bucket that begin with `prefix`. */
export type Statement = {
  /** For example `s3:PutObject`. */
  readonly actions: readonly string[];
  readonly bucket: string;
  readonly prefix?: string;
  /** The KMS key that `kms:` actions are allowed with. */
  readonly kmsKeyId?: string;
  /** The service that the key may be used through, and no other way. */
  readonly viaService?: string;
};

/** What a bucket's own policy, or a key's, allows to somebody. */
export type Grant = {
  readonly principal: string;
  readonly actions: readonly string[];
  readonly prefix?: string;
  /** The service that a key may be used through, and no other way. */
  readonly viaService?: string;
};

/** A bucket's settings that can be asked for, as their XML; only `versioning` is in force here. */
export const BUCKET_SETTINGS = [
  "lifecycle",
  "object-lock",
  "publicAccessBlock",
  "replication",
  "versioning",
] as const;
export type BucketSetting = (typeof BUCKET_SETTINGS)[number];

/** A long-term key. It is known at the endpoints of `locations` only. */
export type User = {
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly locations: readonly ArchiveLocation[];
  readonly allow: readonly Statement[];
};

/** What `AssumeRole` hands out, to whom, and on which condition. */
export type Role = {
  readonly arn: string;
  readonly trust: readonly string[];
  readonly externalId?: string;
  readonly allow: readonly Statement[];
};

export type BucketOptions = {
  readonly name: string;
  readonly location: ArchiveLocation;
  /** When set, a PUT that does not ask for this key is refused, as a bucket policy would. */
  readonly kmsKeyId?: string;
  /** Whether writers and readers need `kms:GenerateDataKey` and `kms:Decrypt` for it. */
  readonly checksKmsGrants?: boolean;
  /** The key's own policy; whoever it does not name may not use the key. Absent: everybody may. */
  readonly kmsGrants?: readonly Grant[];
  /** The bucket's policy, as far as it allows. */
  readonly grants?: readonly Grant[];
  readonly settings?: Readonly<Partial<Record<BucketSetting, string>>>;
};

/** Plain JSON, because it crosses a process boundary. */
export type LocalAwsOptions = {
  /** Where objects are kept; a temporary folder when absent. */
  readonly stateDir?: string;
  /** Ports of the endpoints; free ones where absent. */
  readonly ports?: Partial<Readonly<Record<ArchiveLocation, number>>>;
  readonly controlPort?: number;
  /** Buckets besides the platform's own four. */
  readonly buckets?: readonly BucketOptions[];
  /** Users besides the platform's own two. */
  readonly users?: readonly User[];
  readonly roles?: readonly Role[];
};

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** Where the stand-in is reached. */
export type LocalAwsAddresses = {
  /** Base URL by location, without a trailing slash. */
  readonly endpoints: Readonly<Record<ArchiveLocation, string>>;
  readonly controlUrl: string;
  /** `S3_ENDPOINTS` for the Worker, where endpoints are of another make than AWS's. */
  readonly listedEndpoints?: string;
};

export const LOCATIONS: readonly ArchiveLocation[] = HOME_REGION_NAMES.flatMap(
  (home) => HOME_REGIONS[home].locations,
);

/** The keys of the platform, one pair for each home region. They open nothing but this stand-in. */
export const HOME_CREDENTIALS: Readonly<Record<HomeRegion, Credentials>> = {
  us: {
    accessKeyId: "AKIAHOMEPORTLOCALUS1",
    secretAccessKey: "local-only-us-secret-not-aws-local-only1",
  },
  eu: {
    accessKeyId: "AKIAHOMEPORTLOCALEU1",
    secretAccessKey: "local-only-eu-secret-not-aws-local-only1",
  },
};

/** The platform's own bucket at `location`. */
export function homeBucketName(location: ArchiveLocation): string {
  return `homeport-${location}`;
}

/** The platform's own four buckets, then those of the options. */
export function allBuckets(options: LocalAwsOptions): readonly BucketOptions[] {
  const own = LOCATIONS.map((location) => ({ name: homeBucketName(location), location }));
  return [...own, ...(options.buckets ?? [])];
}

/** The user of each home region, allowed everything in its own buckets, then those of the options. */
export function allUsers(options: LocalAwsOptions): readonly User[] {
  const own = HOME_REGION_NAMES.map((home) => ({
    arn: homeUserArn(home),
    ...HOME_CREDENTIALS[home],
    locations: HOME_REGIONS[home].locations,
    allow: HOME_REGIONS[home].locations.map((location) => ({
      actions: ["s3:*"],
      bucket: homeBucketName(location),
    })),
  }));
  return [...own, ...(options.users ?? [])];
}

/** The name a customer's role has to trust. */
export function homeUserArn(home: HomeRegion): string {
  return `arn:aws:iam::000000000000:user/homeport-${home}`;
}

/** The keys that are known at `location`. */
export function credentialsAt(location: ArchiveLocation): Credentials {
  return HOME_CREDENTIALS[homeOf(location)];
}
