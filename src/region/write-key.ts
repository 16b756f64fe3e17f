import { createHmac, timingSafeEqual } from "node:crypto";

import { BASE32_CLASS, decodeNumber, encodeBase32, encodeNumber } from "../core/base32.ts";
import {
  CHILD_CHARS,
  parseId,
  WORKSPACE_CHARS,
  type HomeRegion,
  type SourceId,
} from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";

/**
 * Write keys: `wk_<region>_<workspace 16><source 10><version 2><secret 2><check 16>`. Public by
 * nature (they stand in pages and apps), yet not guessable: the check is a keyed hash over the rest,
 * so that a forged key is refused before any object is woken.
 */
export type WriteKey = {
  readonly region: HomeRegion;
  readonly sourceId: SourceId;
  /** Counts up per source, from 1; a rotation makes the next one. */
  readonly version: number;
};

/** The secrets of one region that keys are checked with; the first one signs new keys. */
export type KeySecrets = readonly KeySecret[];
export type KeySecret = { readonly id: number; readonly secret: Uint8Array };

export type WriteKeyRefusal = { readonly kind: "malformed" | "unknown-secret" | "forged" };

/** Highest version of a source's keys, and highest id of a secret: two characters each. */
export const KEY_VERSION_MAX = 1023;

const FIELD_CHARS = 2;
const CHECK_CHARS = 16;
const SUFFIX_CHARS = WORKSPACE_CHARS + CHILD_CHARS;
const PATTERN = new RegExp(
  `^wk_(eu|us)_(${BASE32_CLASS}{${SUFFIX_CHARS}})(${BASE32_CLASS}{${FIELD_CHARS}})(${BASE32_CLASS}{${FIELD_CHARS}})(${BASE32_CLASS}{${CHECK_CHARS}})$`,
);

/** The text of a source's key of that version, signed with the region's first secret. */
export function formatWriteKey(sourceId: SourceId, version: number, secrets: KeySecrets): string {
  const parts = parseId(sourceId);
  const [signer] = secrets;
  if (parts === undefined || signer === undefined) {
    throw new TypeError("Cannot make a write key: it needs a source id and a secret");
  }
  const fields = encodeNumber(version, FIELD_CHARS) + encodeNumber(signer.id, FIELD_CHARS);
  const body = `wk_${parts.region}_${parts.workspace}${parts.child}${fields}`;
  return body + check(body, signer.secret);
}

/** The region a key claims, before anything is verified; `undefined` when it is no key of ours. */
export function claimedRegion(text: string): HomeRegion | undefined {
  return PATTERN.exec(text)?.[1] as HomeRegion | undefined;
}

/** What a key says, once its check holds against the region's secrets. */
export function parseWriteKey(
  text: string,
  secretsOf: (region: HomeRegion) => KeySecrets,
): Result<WriteKey, WriteKeyRefusal> {
  const match = PATTERN.exec(text);
  if (match === null) return err({ kind: "malformed" });
  const [, region, suffix = "", version = "", secretId = "", given = ""] = match;
  const home = region as HomeRegion;
  const signer = secretsOf(home).find((secret) => secret.id === decodeNumber(secretId));
  if (signer === undefined) return err({ kind: "unknown-secret" });
  const wanted = check(text.slice(0, -CHECK_CHARS), signer.secret);
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(wanted))) return err({ kind: "forged" });
  return ok({
    region: home,
    sourceId: `src_${home}_${suffix}`,
    version: decodeNumber(version) ?? 0,
  });
}

function check(body: string, secret: Uint8Array): string {
  return encodeBase32(createHmac("sha256", secret).update(body).digest()).slice(0, CHECK_CHARS);
}
