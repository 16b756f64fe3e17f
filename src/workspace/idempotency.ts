import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";

import type { RandomBytes } from "../core/base32.ts";
import { concatBytes } from "../core/bytes.ts";
import { readStored } from "../core/stored-json.ts";

/**
 * Idempotency keys. The answer to a POST may hold a token that is shown once, so what is stored for
 * a repetition is encrypted under a key derived from the caller's secret and Idempotency-Key, of
 * which the store keeps only hashes: nobody who reads the store can open an answer.
 */
export type Idempotency = {
  /** SHA-256 over the caller's secret and the Idempotency-Key, hex: two callers never share one. */
  readonly keyHash: string;
  /** SHA-256 over method, path and body, hex. */
  readonly requestHash: string;
  readonly sealKey: Uint8Array;
};

export type IdempotencyRefusal = {
  readonly kind: "idempotency-key-reused" | "idempotency-in-progress";
};

/** How long an answer can be had again. */
export const IDEMPOTENCY_MS = 24 * 3_600_000;

/** Characters of an Idempotency-Key; a UUID has 36. */
export const IDEMPOTENCY_KEY_CHARS_MAX = 255;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What identifies a request that may be repeated. */
export type RepeatableRequest = {
  /** The text the caller authenticates with; 256 bits of it are random. */
  readonly secret: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
};

/** Derives what the store needs from the request. */
export function deriveIdempotency(request: RepeatableRequest): Idempotency {
  const input = JSON.stringify([request.secret, request.key]);
  const requestHash = createHash("sha256")
    .update(JSON.stringify([request.method, request.path]))
    .update(request.body)
    .digest("hex");
  return {
    keyHash: createHash("sha256").update(`name:${input}`).digest("hex"),
    requestHash,
    sealKey: new Uint8Array(hkdfSync("sha256", input, "homeport", "idempotent answer", KEY_BYTES)),
  };
}

/**
 * What another object keeps of a request that may be repeated. What was asked for may hold keys of rows,
 * so its hash is made with a key that nobody stores.
 */
export function repeatOf(
  { keyHash, sealKey }: Idempotency,
  request: unknown,
): { readonly keyHash: string; readonly requestHash: string } {
  const hmac = createHmac("sha256", sealKey).update(JSON.stringify(request));
  return { keyHash, requestHash: hmac.digest("hex") };
}

/** Encrypts an answer: nonce, ciphertext, tag. */
export function sealAnswer(sealKey: Uint8Array, answer: unknown, random: RandomBytes): Uint8Array {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", sealKey, nonce);
  const text = cipher.update(JSON.stringify(answer), "utf8");
  return concatBytes([nonce, text, cipher.final(), cipher.getAuthTag()]);
}

/**
 * The answer that was sealed, as it came out of JSON.
 *
 * @throws Error when the bytes were not sealed under that key.
 */
export function openAnswer(sealKey: Uint8Array, sealed: Uint8Array): unknown {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", sealKey, nonce);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  return readStored<unknown>(new TextDecoder().decode(concatBytes([text, decipher.final()])));
}
