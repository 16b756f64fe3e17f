import type { OwnBucketDraft } from "../src/archive/own-bucket/settings.ts";
import { decodeBase64Url, encodeBase64Url } from "../src/core/base64-url.ts";
import type { SourceId } from "../src/core/ids.ts";
import {
  openBucketKey,
  placeOfBucketKey,
  type SealedBucketKey,
} from "../src/workspace/own-bucket-key.ts";
import { sealForWorkspace } from "./workspace-secrets.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** The secret key of a draft as it is kept; `undefined` at AWS. Runs inside a turn. */
export function sealedKeyOf(
  turn: WorkspaceTurn,
  sourceId: SourceId,
  { access }: OwnBucketDraft,
): string | undefined {
  if (access.kind !== "keys") return undefined;
  const sealed = sealForWorkspace(turn, placeOfBucketKey(sourceId), access.secretAccessKey);
  return encodeBase64Url(sealed);
}

/** What is kept of a key, as it travels to whoever opens the bucket. */
export function bucketKeyOf(
  { destinations }: WorkspaceTurn,
  kept: string | undefined,
): SealedBucketKey | undefined {
  const wrappedKey = destinations.wrappedKey();
  const sealed = kept === undefined ? undefined : decodeBase64Url(kept);
  return sealed === undefined || wrappedKey === undefined ? undefined : { wrappedKey, sealed };
}

/** @throws Error when there is none, or it was sealed with keys of the deployment that are gone. */
export function openKeptKey(
  turn: WorkspaceTurn,
  sourceId: SourceId,
  kept: string | undefined,
): string {
  const key = bucketKeyOf(turn, kept);
  if (key === undefined) throw new Error("Cannot open a bucket: its key is not there");
  return openBucketKey(sourceId, key, turn.config.sealingKeys[turn.home]);
}
