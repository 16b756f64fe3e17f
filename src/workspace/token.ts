import type { TokenId } from "../core/ids.ts";
import { isoTime } from "./source-view.ts";
import { allows, type Need, type Right } from "./rights.ts";
import { isSameSecret, type Credential } from "./secrets.ts";

/** An API token as its Workspace keeps it: the hash of its text, never the text. */
export type Token = {
  readonly id: TokenId;
  readonly name: string;
  readonly sha256: string;
  readonly rights: readonly Right[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly lastUsedAtMs: number | undefined;
};

export type TokenDraft = {
  readonly name: string;
  readonly rights: readonly Right[];
  /** Absent for {@link TOKEN_MS_DEFAULT}, null for a token that does not expire. */
  readonly expiresAtMs?: number | null;
};

/** A token as the management API shows it. */
export type TokenView = {
  readonly id: TokenId;
  readonly name: string;
  readonly rights: readonly Right[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** To the hour. */
  readonly lastUsedAt: string | null;
};

/** A year: long enough for a service, short enough that a forgotten token dies. */
export const TOKEN_MS_DEFAULT = 365 * 24 * 3_600_000;

/** The invite of a new workspace is sent by the operator by hand; a week covers a holiday. */
export const INVITE_MS = 7 * 24 * 3_600_000;

/** Tokens of one workspace; the list is shown as a whole in the console. */
export const TOKENS_MAX = 200;

/** Last use is kept to the hour: a row written on every call would cost more than it tells. */
const LAST_USE_MS = 3_600_000;

export type AccessRefusal =
  | { readonly kind: "unauthenticated" }
  | { readonly kind: "forbidden"; readonly need: Need };

/** Why the token may not make a call, or `undefined` when it may. */
export function refuseAccess(
  token: Token | undefined,
  credential: Credential,
  need: Need,
  nowMs: number,
): AccessRefusal | undefined {
  const isKnown = isSameSecret(token?.sha256 ?? "", credential.sha256);
  if (token === undefined || !isKnown) return { kind: "unauthenticated" };
  if (token.expiresAtMs !== undefined && token.expiresAtMs <= nowMs) {
    return { kind: "unauthenticated" };
  }
  return allows(token.rights, need) ? undefined : { kind: "forbidden", need };
}

/** The last use to be written, rounded down to the hour, or `undefined` when it is written already. */
export function lastUseToWrite(token: Token, nowMs: number): number | undefined {
  const hour = Math.floor(nowMs / LAST_USE_MS) * LAST_USE_MS;
  return token.lastUsedAtMs === hour ? undefined : hour;
}

/** Whether without `leaving` nobody would be left who rules the workspace for good. */
export function isLastOwner(tokens: readonly Token[], leaving: TokenId, nowMs: number): boolean {
  const isOwner = (token: Token) => token.rights.includes("owner");
  if (!tokens.some((token) => token.id === leaving && isOwner(token))) return false;
  return !tokens.some(
    (token) =>
      token.id !== leaving &&
      isOwner(token) &&
      (token.expiresAtMs === undefined || token.expiresAtMs > nowMs),
  );
}

/** Shows a token, without anything that could be used as one. */
export function viewToken(token: Token): TokenView {
  const time = (ms: number | undefined) => (ms === undefined ? null : isoTime(ms));
  return {
    id: token.id,
    name: token.name,
    rights: token.rights,
    createdAt: isoTime(token.createdAtMs),
    expiresAt: time(token.expiresAtMs),
    lastUsedAt: time(token.lastUsedAtMs),
  };
}
