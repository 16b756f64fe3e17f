import { createHash, createHmac } from "node:crypto";

import type { SubjectType } from "./regulation.ts";

/** Bytes of the salt of one request. */
const SALT_BYTES = 32;

/** A salt, as hex. */
export function newSalt(random: (length: number) => Uint8Array): string {
  return Array.from(random(SALT_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What a certificate says of whom a deletion was about, without naming anybody: a hash over one leaf for
 * each id, keyed with a salt that only the caller was ever told. Whoever has the salt shows for one
 * person that they were among them by handing out the leaves, which name nobody else.
 */
export function commitmentOf(salt: string, type: SubjectType, ids: readonly string[]): string {
  const leaves = ids.map((id) => leafOf(salt, type, id)).toSorted();
  return createHash("sha256").update(leaves.join("\n")).digest("hex");
}

/** HMAC-SHA-256 under the salt, as its text, of the kind of id and the id; hex. */
export function leafOf(salt: string, type: SubjectType, id: string): string {
  return createHmac("sha256", salt).update(`${type}\n${id}`).digest("hex");
}
