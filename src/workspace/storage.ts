import { createHmac } from "node:crypto";

import {
  isOneBucket,
  isSameBucket,
  isSameByKeys,
  ownBucketOf,
  type OwnBucketDraft,
} from "../archive/own-bucket/settings.ts";
import type { Verification } from "../archive/own-bucket/verification.ts";
import type { SourceId } from "../core/ids.ts";
import { workspaceOf } from "../core/ids.ts";
import {
  placeOfOwn,
  type ArchivePlace,
  type OwnBucket,
  type OwnBucketName,
  type OwnBuckets,
} from "../region/own-bucket.ts";
import type { ArchiveLocation } from "../region/regions.ts";

/** What a source's config carries of its own buckets; absent while it never had one. */
export type StorageConfig = OwnBuckets & {
  /** Those in which files are removed by age, because the owner asked for it by name. */
  readonly swept?: readonly OwnBucketName[];
};

/** A source's own buckets as its Workspace keeps them. */
export type SourceStorage = StorageConfig & {
  /** How many names were given. */
  readonly named: number;
  /** Asked for and not verified yet; new files go on to where they went. */
  readonly candidate?: OwnBucket;
  /** The last verification and which bucket it was of. */
  readonly verified?: { readonly name: OwnBucketName; readonly outcome: Verification };
  /** Since when the present bucket's verification fails. */
  readonly failingSinceMs?: number;
  /** Secret keys of buckets outside AWS, sealed, base64; never told with the source's config. */
  readonly keys?: Readonly<Partial<Record<OwnBucketName | "candidate", string>>>;
};

/** What of it is shown: the keys are never told, not even sealed. */
export type ShownStorage = Omit<SourceStorage, "keys">;

const NO_STORAGE: SourceStorage = { buckets: [], named: 0 };

/** How long a verification that passed is good for, and how soon one that failed is tried again. */
const VERIFY_AGAIN_MS = 86_400_000;
const VERIFY_FAILED_AGAIN_MS = 3_600_000;

/** Where new files of a source go, in fail-over order. Never the platform's beside an own bucket. */
export function placesOf(config: {
  readonly storage?: StorageConfig;
  readonly archiveLocations: readonly ArchiveLocation[];
}): readonly ArchivePlace[] {
  const { storage, archiveLocations } = config;
  if (storage?.current === undefined) return archiveLocations;
  const own = storage.buckets.find(({ name }) => name === storage.current);
  // Rather nowhere than elsewhere: events wait in the queue.
  return own === undefined ? [] : [placeOfOwn(own)];
}

/**
 * What the roles ask for besides our name: no other source and no other bucket has the same, nobody
 * chose it, and nobody can compute it. As Segment has it, it is the workspace's id.
 */
export function externalIdFor(
  source: { readonly id: SourceId; readonly fingerprintKey: string },
  { bucket, location, access }: OwnBucketDraft,
): string {
  if (access.kind === "keys") return "";
  const workspaceId = workspaceOf(source.id);
  if (access.kind === "segment") return workspaceId;
  return createHmac("sha256", source.fingerprintKey)
    .update(`external-id ${source.id} ${location} ${bucket}`)
    .digest("hex");
}

/** The storage with a bucket that waits for its verification; one that is known keeps its name. */
export function withCandidate(
  storage: SourceStorage = NO_STORAGE,
  draft: OwnBucketDraft,
  externalId: string,
  sealedKey?: string,
): SourceStorage {
  const named = storage.named + 1;
  const own = ownBucketOf(draft, { name: `own-${named}`, externalId });
  if (sealedKey !== undefined) {
    // With other keys it is the same bucket: what stands there is reached by the new ones too.
    const same = storage.buckets.find((bucket) => isSameByKeys(bucket, own));
    const keys = { ...storage.keys, candidate: sealedKey };
    return same === undefined
      ? { ...storage, named, candidate: own, keys }
      : { ...storage, candidate: { ...own, name: same.name, ...lakeOf(same) }, keys };
  }
  const rest = withoutCandidate(storage);
  const known = storage.buckets.find((bucket) => isSameBucket(bucket, own));
  if (known === undefined) return { ...rest, named, candidate: own };
  return known.name === storage.current
    ? rest
    : { ...rest, candidate: { ...own, name: known.name } };
}

/** A data lake that may stand in a bucket stays there, to be erased there, whatever its keys. */
function lakeOf({ dataLake }: OwnBucket): Pick<OwnBucket, "dataLake"> {
  return dataLake === undefined ? {} : { dataLake };
}

/** The storage with the platform's bucket for new files. */
export function withPlatform(storage: SourceStorage = NO_STORAGE): SourceStorage {
  const { current: _current, failingSinceMs: _since, ...rest } = withoutCandidate(storage);
  return rest;
}

/** The secret key that a verification would be made with, sealed; `undefined` at AWS. */
export function keyToVerify(storage: SourceStorage | undefined): string | undefined {
  if (storage?.candidate !== undefined) return storage.keys?.candidate;
  return storage?.current === undefined ? undefined : storage.keys?.[storage.current];
}

/** What of it may be shown. */
export function shownStorage({ keys: _keys, ...shown }: SourceStorage): ShownStorage {
  return shown;
}

function withoutCandidate(storage: SourceStorage): SourceStorage {
  const { candidate: _candidate, keys: held, ...rest } = storage;
  if (held === undefined) return rest;
  const { candidate: _key, ...keys } = held;
  return { ...rest, keys };
}

/** The bucket that a verification would be of: what waits for one, else the present one. */
export function bucketToVerify(storage: SourceStorage | undefined): OwnBucket | undefined {
  if (storage === undefined) return undefined;
  return storage.candidate ?? storage.buckets.find(({ name }) => name === storage.current);
}

/**
 * The storage after a verification: a candidate that passed is where new files go from now on. One
 * that was replaced meanwhile changes nothing.
 */
export function afterVerification(
  storage: SourceStorage,
  verified: OwnBucket,
  outcome: Verification,
): SourceStorage {
  const asked = bucketToVerify(storage);
  if (asked === undefined || asked.name !== verified.name || !isSameBucket(asked, verified)) {
    return storage;
  }
  const { failingSinceMs, ...held } = { ...storage, verified: { name: asked.name, outcome } };
  const isCandidate = storage.candidate !== undefined;
  if (outcome.state === "failed") {
    if (isCandidate) return failingSinceMs === undefined ? held : { ...held, failingSinceMs };
    return { ...held, failingSinceMs: failingSinceMs ?? outcome.atMs };
  }
  if (!isCandidate) return held;
  const rest = withoutCandidate(held);
  const others = rest.buckets.filter(({ name }) => name !== asked.name);
  const switched = withSweepOf(
    { ...rest, buckets: [...others, asked], current: asked.name },
    asked,
  );
  const sealedKey = held.keys?.candidate;
  if (sealedKey === undefined) return switched;
  return { ...switched, keys: { ...switched.keys, [asked.name]: sealedKey } };
}

/** A bucket that has a new name, since it is got into otherwise, goes on to be swept as it was. */
function withSweepOf(storage: SourceStorage, own: OwnBucket): SourceStorage {
  const { buckets, swept = [] } = storage;
  const isSwept = buckets.some((held) => swept.includes(held.name) && isOneBucket(held, own));
  if (!isSwept || swept.includes(own.name)) return storage;
  return { ...storage, swept: [...swept, own.name] };
}

/** When the present bucket is to be verified again; `undefined` without one. */
export function verifyAgainAtMs(storage: SourceStorage | undefined): number | undefined {
  if (storage?.current === undefined) return undefined;
  const { verified, current } = storage;
  if (verified?.name !== current) return 0;
  const { state, atMs } = verified.outcome;
  return atMs + (state === "passed" ? VERIFY_AGAIN_MS : VERIFY_FAILED_AGAIN_MS);
}

/** What of it is carried in the source's config. */
export function storageConfig({ buckets, current, swept = [] }: SourceStorage): StorageConfig {
  return {
    buckets,
    ...(current === undefined ? {} : { current }),
    ...(swept.length === 0 ? {} : { swept }),
  };
}

/**
 * The storage with files in the bucket of that name removed by age, or kept for good again. Every own
 * bucket of the source that is called so is meant; `undefined` when none is.
 */
export function withSweep(
  storage: SourceStorage | undefined,
  bucket: string,
  isSwept: boolean,
): SourceStorage | undefined {
  const named = (storage?.buckets ?? []).filter((own) => own.bucket === bucket);
  if (storage === undefined || named.length === 0) return undefined;
  const names = named.map(({ name }) => name);
  const others = (storage.swept ?? []).filter((name) => !names.includes(name));
  return { ...storage, swept: isSwept ? [...others, ...names] : others };
}
