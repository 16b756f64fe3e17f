import { decodeBase64Url, encodeBase64Url } from "../core/base64-url.ts";
import type { WorkspaceId } from "../core/ids.ts";
import { isoTime } from "./source-view.ts";

/**
 * The head of an audit chain: its last entry, signed. Whoever holds an old head can tell that a
 * later chain was not cut or rewritten, since every entry is in the hash of those that follow.
 */
export type AuditHead = {
  readonly workspaceId: WorkspaceId;
  readonly seq: number;
  readonly hash: string;
  /** When it was signed. */
  readonly atMs: number;
};

export type SignedHead = AuditHead & {
  /** Ed25519, base64url. The same key is named in the chain's `audit-key.create`. */
  readonly publicKey: string;
  /** Over {@link signedBytes}, base64url. */
  readonly signature: string;
};

/** The pair that signs the heads of one workspace; it never leaves the workspace's object. */
export type AuditKey = {
  readonly publicKey: string;
  /** PKCS #8, base64url. */
  readonly privateKey: string;
};

/** What `audit-key.create` names besides the workspace: the algorithm and the key itself. */
export function keyField(publicKey: string): string {
  return `ed25519:${publicKey}`;
}

/** A new pair. A signature and not a keyed hash, because outsiders have to be able to check it. */
export async function newAuditKey(): Promise<AuditKey> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const publicKey = (await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer;
  const privateKey = (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer;
  return {
    publicKey: encodeBase64Url(new Uint8Array(publicKey)),
    privateKey: encodeBase64Url(new Uint8Array(privateKey)),
  };
}

/** Signs a head. */
export async function signHead(head: AuditHead, key: AuditKey): Promise<SignedHead> {
  const secret = await crypto.subtle.importKey("pkcs8", bytesOf(key.privateKey), "Ed25519", false, [
    "sign",
  ]);
  const signature = await crypto.subtle.sign("Ed25519", secret, signedBytes(head));
  return {
    ...head,
    publicKey: key.publicKey,
    signature: encodeBase64Url(new Uint8Array(signature)),
  };
}

/** Whether the head's signature is of its own public key; whose key that is, the caller checks. */
export async function isHeadSigned(head: SignedHead): Promise<boolean> {
  const signature = decodeBase64Url(head.signature);
  const raw = decodeBase64Url(head.publicKey);
  if (signature?.byteLength !== SIGNATURE_BYTES || raw?.byteLength !== PUBLIC_KEY_BYTES) {
    return false;
  }
  const key = await crypto.subtle.importKey("raw", owned(raw), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, owned(signature), signedBytes(head));
}

const SIGNATURE_BYTES = 64;
const PUBLIC_KEY_BYTES = 32;

/** What the daily file of a head is called, in a bucket of the workspace's home. */
export function headFileKey({ workspaceId, atMs }: AuditHead): string {
  return `audit/${workspaceId}/${dayOf(atMs)}.json`;
}

/** The day in UTC, `2026-11-22`. */
export function dayOf(atMs: number): string {
  return isoTime(atMs).slice(0, 10);
}

/** A head as JSON, always the same bytes for the same head: one line. */
export function formatHead({ workspaceId, seq, hash, atMs, ...signed }: SignedHead): string {
  const { publicKey, signature } = signed;
  return JSON.stringify({
    kind: "homeport-audit-head",
    version: 1,
    workspaceId,
    seq,
    hash,
    at: isoTime(atMs),
    publicKey,
    signature,
  });
}

/** A text and not an object is signed, because the order of an object's keys is no promise. */
function signedBytes({ workspaceId, seq, hash, atMs }: AuditHead): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(["homeport-audit-head", 1, workspaceId, seq, hash, atMs]);
  return owned(new TextEncoder().encode(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64Url(text);
  if (bytes === undefined) throw new Error("Cannot sign: the held key is not base64url");
  return owned(bytes);
}

/** As WebCrypto's types want bytes: over a buffer that is not shared. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
