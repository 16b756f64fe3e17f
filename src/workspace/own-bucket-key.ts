import type { SourceId } from "../core/ids.ts";
import { workspaceOf } from "../core/ids.ts";
import type { KeySecrets } from "../region/write-key.ts";
import { openSecret, placeOfSecret, unwrapDataKey } from "./secret-envelope.ts";

/** The secret key of a customer's bucket outside AWS, as it travels between our objects. */
export type SealedBucketKey = {
  readonly wrappedKey: Uint8Array;
  readonly sealed: Uint8Array;
};

/** What the secret key of a source's bucket is bound to: the same for each of its buckets. */
export function placeOfBucketKey(sourceId: SourceId): string {
  return placeOfSecret(sourceId, "own-bucket-key");
}

/** The key again. @throws Error when it was sealed for another source. */
export function openBucketKey(
  sourceId: SourceId,
  { wrappedKey, sealed }: SealedBucketKey,
  secrets: KeySecrets,
): string {
  const dataKey = unwrapDataKey(wrappedKey, workspaceOf(sourceId), secrets);
  return openSecret(dataKey, placeOfBucketKey(sourceId), sealed);
}
