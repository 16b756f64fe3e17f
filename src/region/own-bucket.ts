import { HOME_REGIONS, type ArchiveLocation } from "./regions.ts";

/** Which of a source's own buckets: numbered from 1, and a number is never given again. */
export type OwnBucketName = `own-${number}`;

/** Where a file of the archive may stand: the platform's bucket at a location, or one of the customer's. */
export type ArchivePlace = ArchiveLocation | `${ArchiveLocation}/${OwnBucketName}`;

/** The folder of a data lake, in the platform's buckets and in those of customers. */
export const PARQUET_FOLDER = "segment-data/";

/** What a bucket of the customer's is opened for; each has a role of its own, with least rights. */
export type OwnBucketRole = "writer" | "reader" | "eraser";

/** How we get into a bucket of the customer's. */
export type OwnBucketAccess =
  /** A role for each purpose, which trusts us only together with the ExternalId. */
  | {
      readonly kind: "roles";
      readonly writer: string;
      readonly reader: string;
      readonly eraser: string;
    }
  /** As Segment has it: the bucket's policy names us for writing, one role is for all the rest. */
  | { readonly kind: "segment"; readonly role: string }
  /** Outside AWS: keys that the customer made for this bucket. The secret one is kept elsewhere. */
  | { readonly kind: "keys"; readonly accessKeyId: string };

/** The forms in which we get into a bucket at AWS. */
export type AwsAccess = Exclude<OwnBucketAccess, { readonly kind: "keys" }>;

/** A bucket of the customer's, as its source's config carries it to whoever opens it. */
export type OwnBucket = {
  readonly name: OwnBucketName;
  /** Of a bucket outside AWS the first of its home, which says no more than the home. */
  readonly location: ArchiveLocation;
  readonly bucket: string;
  /** The host of an S3-compatible endpoint outside AWS; absent at AWS. */
  readonly endpoint?: string;
  /** What the customer finds it by, e.g. `eu-west-1-294048959147`. */
  readonly label: string;
  readonly access: OwnBucketAccess;
  /** What the roles ask for besides our name; made by us, never chosen. Empty without roles. */
  readonly externalId: string;
  /** The key that every write asks for; the bucket's default when absent. */
  readonly kmsKeyArn?: string;
  /** Whether its policies, or keys, let the source's data lake stand there as well. */
  readonly dataLake?: true;
};

/** A source's own buckets, as whoever writes files has to know them. */
export type OwnBuckets = {
  /** Every one that may hold files of the source. */
  readonly buckets: readonly OwnBucket[];
  /** The one that new files go to; the platform's when absent. */
  readonly current?: OwnBucketName;
};

/** One at AWS: policies are what opens it. */
export type AwsBucket = OwnBucket & { readonly access: AwsAccess };

/** Whether policies open it, or keys. */
export function isAtAws(own: OwnBucket): own is AwsBucket {
  return own.access.kind !== "keys";
}

/** Where a file in that bucket stands. */
export function placeOfOwn({ location, name }: OwnBucket): ArchivePlace {
  return `${location}/${name}`;
}

/** A place taken apart; `own` is absent for the platform's bucket. */
export function splitPlace(place: ArchivePlace): {
  readonly location: ArchiveLocation;
  readonly own: OwnBucketName | undefined;
} {
  const [location = "", own] = place.split("/");
  return {
    location: location as ArchiveLocation,
    own: own === undefined ? undefined : (own as OwnBucketName),
  };
}

/** Where a file stands, as the catalogue's two columns say. */
export type FilePlace = {
  readonly location: ArchiveLocation;
  readonly ownBucket?: OwnBucketName;
};

/** The place of a file. */
export function placeOf(file: FilePlace): ArchivePlace {
  return file.ownBucket === undefined ? file.location : `${file.location}/${file.ownBucket}`;
}

/** A place as the catalogue's two columns say it. */
export function fileAt(place: ArchivePlace): FilePlace {
  const { location, own } = splitPlace(place);
  return own === undefined ? { location } : { location, ownBucket: own };
}

/** Whether `text` is a place. */
export function isPlace(text: unknown): text is ArchivePlace {
  if (typeof text !== "string") return false;
  const [location = "", own, ...rest] = text.split("/");
  const known: readonly string[] = Object.values(HOME_REGIONS).flatMap((home) => home.locations);
  if (!known.includes(location) || rest.length > 0) return false;
  return own === undefined || /^own-[1-9]\d{0,5}$/.test(own);
}
