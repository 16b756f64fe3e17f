import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

import type { RandomBytes } from "../core/base32.ts";
import { concatBytes } from "../core/bytes.ts";
import type { KeySecrets } from "../region/write-key.ts";

/**
 * Secrets of destinations at rest. Each is encrypted under a data key of its workspace (AES-256-GCM,
 * bound to the place it stands in), and the data key is wrapped by a secret of the deployment and
 * region. Several of those live at once: the first wraps what is new, all unwrap, so that one can be
 * put in front and an old one be taken away once nothing is wrapped by it.
 */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** In front of a wrapped key: the number of the secret that wrapped it. */
const ID_BYTES = 2;

const encoder = new TextEncoder();

/** A new data key. */
export function newDataKey(random: RandomBytes): Uint8Array {
  return random(KEY_BYTES);
}

/** The data key as it may be stored; `owner` is the id it belongs to. */
export function wrapDataKey(
  dataKey: Uint8Array,
  owner: string,
  secrets: KeySecrets,
  random: RandomBytes,
): Uint8Array {
  const [newest] = secrets;
  if (newest === undefined) throw new Error("Cannot wrap a key: the region has no sealing key");
  const id = new Uint8Array(ID_BYTES);
  new DataView(id.buffer).setUint16(0, newest.id);
  return concatBytes([id, encrypt(wrappingKey(newest.secret), dataKey, owner, random)]);
}

/**
 * The data key again.
 *
 * @throws Error when it was wrapped for somebody else, or by a secret that is not there any more.
 */
export function unwrapDataKey(wrapped: Uint8Array, owner: string, secrets: KeySecrets): Uint8Array {
  const id = wrappedBy(wrapped);
  const secret = secrets.find((each) => each.id === id);
  if (secret === undefined) throw new Error(`Cannot unwrap a key: no sealing key has number ${id}`);
  return decrypt(wrappingKey(secret.secret), wrapped.subarray(ID_BYTES), owner);
}

/** The number of the secret that wrapped it. */
export function wrappedBy(wrapped: Uint8Array): number {
  return new DataView(wrapped.buffer, wrapped.byteOffset, ID_BYTES).getUint16(0);
}

/** A secret as it may be stored; it opens only in the same place, e.g. `dst_eu_… apiKey`. */
export function sealSecret(
  dataKey: Uint8Array,
  place: string,
  text: string,
  random: RandomBytes,
): Uint8Array {
  return encrypt(dataKey, encoder.encode(text), place, random);
}

/** The secret again. @throws Error when it was sealed for another place or with another key. */
export function openSecret(dataKey: Uint8Array, place: string, sealed: Uint8Array): string {
  return new TextDecoder().decode(decrypt(dataKey, sealed, place));
}

/** What a sealed setting of a destination is bound to. */
export function placeOfSecret(destinationId: string, field: string): string {
  return JSON.stringify([destinationId, field]);
}

function encrypt(
  key: Uint8Array,
  bytes: Uint8Array,
  bound: string,
  random: RandomBytes,
): Uint8Array {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(encoder.encode(bound));
  return concatBytes([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, sealed: Uint8Array, bound: string): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(encoder.encode(bound));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  return concatBytes([text, decipher.final()]);
}

/** A secret is random text of 32 bytes or more; a cipher wants exactly 32. */
function wrappingKey(secret: Uint8Array): Uint8Array {
  return createHash("sha256").update("homeport sealing key").update(secret).digest();
}
