import type { SourceId } from "../core/ids.ts";
import type { OwnBucketName, OwnBucket } from "../region/own-bucket.ts";
import type { S3Endpoint } from "../region/s3-endpoints.ts";
import type { BucketDocuments } from "../archive/own-bucket/policies.ts";
import type { OwnBucketDraft, OwnBucketProblem } from "../archive/own-bucket/settings.ts";
import type { Verification } from "../archive/own-bucket/verification.ts";
import type { SealedBucketKey } from "./own-bucket-key.ts";
import type { AdminCall, Answer } from "./ports.ts";
import type { ShownStorage } from "./storage.ts";

/** What the management API asks of a workspace about buckets of the customer's. */
export interface StoragePort {
  /** Every document of a bucket that may be asked for, filled in; nothing is changed. */
  storageSetup(call: AdminCall, id: string, draft: OwnBucketDraft): Promise<Answer<StorageSetup>>;
  storage(call: AdminCall, id: string): Promise<Answer<ShownStorage>>;
  /** `undefined`: the platform's bucket. An own bucket waits for its verification. */
  setStorage(
    call: AdminCall,
    id: string,
    draft: OwnBucketDraft | undefined,
  ): Promise<Answer<ShownStorage>>;
  /**
   * Has files in the own bucket of that name removed by age, as those in the platform's are, or kept
   * again; nothing else ever removes a file there by its age.
   */
  sweepStorage(
    call: AdminCall,
    id: string,
    bucket: string,
    isSwept: boolean,
  ): Promise<Answer<ShownStorage>>;
  /** Verifies what waits, else the present bucket; one that passes is where new files go from then on. */
  verifyStorage(
    call: AdminCall,
    id: string,
    patienceMs: number,
  ): Promise<Answer<{ readonly storage: ShownStorage; readonly verification: Verification }>>;
}

/** What objects of ours ask for to open a bucket outside AWS. */
export interface BucketKeysPort {
  /** The secret key of one of a source's buckets; `undefined` when there is none. */
  ownBucketKey(sourceId: SourceId, name: OwnBucketName): Promise<SealedBucketKey | undefined>;
}

export type StorageSetup =
  | {
      readonly kind: "aws";
      readonly own: OwnBucket;
      readonly platformArn: string;
      readonly documents: BucketDocuments;
    }
  /** Outside AWS there is nothing to apply: the customer makes a bucket and keys for it. */
  | { readonly kind: "endpoint"; readonly own: OwnBucket; readonly endpoint: S3Endpoint };

export type StorageRefusal =
  | { readonly kind: "storage-invalid"; readonly problems: readonly OwnBucketProblem[] }
  | { readonly kind: "storage-not-own" }
  /** STS did not say who we are. */
  | { readonly kind: "sts-unanswered"; readonly code: string };
