import { createHash, timingSafeEqual } from "node:crypto";

import { BASE32_CLASS, randomBase32, type RandomBytes } from "../core/base32.ts";
import {
  isChildId,
  parseId,
  WORKSPACE_CHARS,
  workspaceOf,
  type TokenId,
  type WorkspaceId,
} from "../core/ids.ts";

/**
 * API tokens `tok_<region>_<26>_<52>` and invites `inv_<region>_<workspace 16>_<52>`. Both say where
 * they belong, so that the Worker finds the object without a lookup; 52 characters hold 256 random
 * bits, which is why a plain SHA-256 is enough to keep.
 */
const SECRET_CHARS = 52;
const TOKEN = new RegExp(`^(tok_(?:eu|us)_${BASE32_CLASS}{26})_${BASE32_CLASS}{${SECRET_CHARS}}$`);
const INVITE = new RegExp(
  `^inv_(eu|us)_(${BASE32_CLASS}{${WORKSPACE_CHARS}})_${BASE32_CLASS}{${SECRET_CHARS}}$`,
);

/** What stands for a token inside: never the text itself. */
export type Credential = { readonly tokenId: TokenId; readonly sha256: string };

/** The text of a new token, to be shown once. */
export function newTokenText(tokenId: TokenId, random: RandomBytes): string {
  return `${tokenId}_${randomBase32(SECRET_CHARS, random)}`;
}

/** The token's id, its workspace and the hash of its text; `undefined` for any other text. */
export function parseToken(
  text: string,
): (Credential & { readonly workspaceId: WorkspaceId }) | undefined {
  const tokenId = TOKEN.exec(text)?.[1];
  if (tokenId === undefined || !isChildId("tok", tokenId)) return undefined;
  return { tokenId, workspaceId: workspaceOf(tokenId), sha256: sha256Hex(text) };
}

/** The text of a new invite into a workspace. */
export function newInviteText(workspaceId: WorkspaceId, random: RandomBytes): string {
  const parts = parseId(workspaceId);
  if (parts === undefined) throw new TypeError("Cannot make an invite: not a workspace id");
  return `inv_${parts.region}_${parts.workspace}_${randomBase32(SECRET_CHARS, random)}`;
}

/** The workspace an invite leads to and the hash of its text; `undefined` for any other text. */
export function parseInvite(
  text: string,
): { readonly workspaceId: WorkspaceId; readonly sha256: string } | undefined {
  const match = INVITE.exec(text);
  if (match === null) return undefined;
  return { workspaceId: `ws_${match[1] ?? ""}_${match[2] ?? ""}`, sha256: sha256Hex(text) };
}

/** SHA-256 of the text, hex. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether two texts are the same, in a time that says nothing of where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}
