import type { WorkspaceId } from "../core/ids.ts";
import { ok, type Result } from "../core/result.ts";
import { isSameSecret, parseToken, type Credential } from "../workspace/secrets.ts";
import type { Operation } from "./operation.ts";
import { refuse, type Problem } from "./problem.ts";

/** Who calls. A token is only told apart here; its workspace's object checks it. */
export type Caller =
  | { readonly kind: "anybody" }
  | { readonly kind: "operator"; readonly secret: string }
  | {
      readonly kind: "token";
      readonly secret: string;
      readonly workspaceId: WorkspaceId;
      readonly credential: Credential;
    };

/** Characters of an Authorization header worth looking at; a token has 84. */
const AUTHORIZATION_CHARS_MAX = 512;

/**
 * Tells the caller of a request, as far as the call asks for one. The operator's token opens no call
 * inside a workspace, and a workspace's token none of the operator's.
 */
export function tellCaller(
  authorization: string | null,
  access: Operation["access"],
  operatorToken: string,
): Result<Caller, Problem> {
  if (access === "public") return ok({ kind: "anybody" });
  const secret = bearer(authorization);
  if (secret === undefined) return refuse("unauthenticated", "Send Authorization: Bearer <token>.");
  const isOperator = isSameSecret(secret, operatorToken);
  const token = parseToken(secret);
  if (access === "operator") {
    if (isOperator) return ok({ kind: "operator", secret });
    return token === undefined
      ? refuse("unauthenticated", "This call takes the operator's token.")
      : refuse("forbidden", "This call takes the operator's token, not a workspace's.");
  }
  if (isOperator) {
    return refuse("forbidden", "The operator's token opens nothing inside a workspace.");
  }
  if (token === undefined) return refuse("unauthenticated", "This is no token of a workspace.");
  const { workspaceId, tokenId, sha256 } = token;
  return ok({ kind: "token", secret, workspaceId, credential: { tokenId, sha256 } });
}

function bearer(authorization: string | null): string | undefined {
  if (authorization === null || authorization.length > AUTHORIZATION_CHARS_MAX) return undefined;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}
