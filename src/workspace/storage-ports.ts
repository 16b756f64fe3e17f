import type { BucketDocuments } from "../archive/own-bucket/policies.ts";
import type { OwnBucketDraft, OwnBucketProblem } from "../archive/own-bucket/settings.ts";
import type { Verification } from "../archive/own-bucket/verification.ts";
import type { OwnBucket } from "../region/own-bucket.ts";
import type { AdminCall, Answer } from "./ports.ts";
import type { SourceStorage } from "./storage.ts";

/** What the management API asks of a workspace about buckets of the customer's. */
export interface StoragePort {
  /** Every document of a bucket that may be asked for, filled in; nothing is changed. */
  storageSetup(call: AdminCall, id: string, draft: OwnBucketDraft): Promise<Answer<StorageSetup>>;
  storage(call: AdminCall, id: string): Promise<Answer<SourceStorage>>;
  /** `undefined`: the platform's bucket. An own bucket waits for its verification. */
  setStorage(
    call: AdminCall,
    id: string,
    draft: OwnBucketDraft | undefined,
  ): Promise<Answer<SourceStorage>>;
  /** Verifies what waits, else the present bucket; one that passes is where new files go from then on. */
  verifyStorage(
    call: AdminCall,
    id: string,
    patienceMs: number,
  ): Promise<Answer<{ readonly storage: SourceStorage; readonly verification: Verification }>>;
}

export type StorageSetup = {
  readonly own: OwnBucket;
  readonly platformArn: string;
  readonly documents: BucketDocuments;
};

export type StorageRefusal =
  | { readonly kind: "storage-invalid"; readonly problems: readonly OwnBucketProblem[] }
  | { readonly kind: "storage-not-own" }
  /** STS did not say who we are. */
  | { readonly kind: "sts-unanswered"; readonly code: string };
