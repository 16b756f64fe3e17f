import type { ObjectHead } from "./bucket.ts";
import type { Content } from "./content.ts";
import { encodeStrict } from "./encode-key.ts";
import { failureOf, type BucketFailure, type NotFound } from "./failures.ts";
import { elementText } from "./list-xml.ts";

/** Of an error's XML; S3's are under 1 KB. */
const ERROR_CHARS_MAX = 16_384;
/** In front of the names of an object's own metadata. */
export const META_PREFIX = "x-amz-meta-";
/** The header of the KMS key that an object is encrypted with. */
export const KMS_KEY = "x-amz-server-side-encryption-aws-kms-key-id";
/** Sent where the bucket keeps versions, or did so once. */
export const VERSION_ID = "x-amz-version-id";
/** Says that what was asked about is a mark of deletion. */
export const DELETE_MARK = "x-amz-delete-marker";
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** A query in the one spelling that its signature covers. */
export function queryOf(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeStrict(name)}=${encodeStrict(value)}`,
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** What S3 wants to be told of a body, an empty one included. */
export async function sha256Of(body: Content | undefined): Promise<string> {
  if (body === undefined) return EMPTY_SHA256;
  if (!(body instanceof Uint8Array)) return body.sha256;
  const digest = await crypto.subtle.digest("SHA-256", body as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An object's headers as far as they matter here. */
export function headOf(response: Response): ObjectHead {
  const size = response.headers.get("content-length");
  const meta = new Map<string, string>();
  for (const [name, value] of response.headers) {
    if (name.startsWith(META_PREFIX)) meta.set(name.slice(META_PREFIX.length), value);
  }
  const kmsKeyArn = response.headers.get(KMS_KEY);
  const versionId = response.headers.get(VERSION_ID);
  return {
    size: size === null ? undefined : Number(size),
    etag: response.headers.get("etag") ?? "",
    meta,
    ...(kmsKeyArn === null ? {} : { kmsKeyArn }),
    ...(versionId === null ? {} : { versionId }),
  };
}

/** What an answer of 404 says. */
export function notFoundOf(response: Response): NotFound {
  const isMarked = response.headers.get(DELETE_MARK) === "true";
  return isMarked ? { kind: "not-found", isMarked } : { kind: "not-found" };
}

/** Reads an error to its end, so that the connection can be used again. */
export async function readFailure(response: Response): Promise<BucketFailure> {
  const text = (await readText(response)) ?? "";
  return failureOf(response.status, elementText(text.slice(0, ERROR_CHARS_MAX), "Code") ?? "");
}

/** An answer's text; `undefined` when it was cut short. */
export async function readText(response: Response): Promise<string | undefined> {
  try {
    return await response.text();
  } catch {
    return undefined;
  }
}
