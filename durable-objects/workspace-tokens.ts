import { newChildId, type TokenId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { Answer } from "../src/workspace/ports.ts";
import { newTokenText, sha256Hex } from "../src/workspace/secrets.ts";
import {
  isLastOwner,
  TOKEN_MS_DEFAULT,
  TOKENS_MAX,
  viewToken,
  type Token,
  type TokenDraft,
  type TokenView,
} from "../src/workspace/token.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** The tokens of a workspace. Each act runs inside a turn. */
export class WorkspaceTokens {
  readonly #turn: WorkspaceTurn;

  constructor(turn: WorkspaceTurn) {
    this.#turn = turn;
  }

  list(): Answer<readonly TokenView[]> {
    return ok(this.#turn.tables.tokens().map(viewToken));
  }

  /** Makes a token; its text is in the answer and nowhere else. */
  add(by: Acting, draft: TokenDraft): Answer<{ view: TokenView; text: string }> {
    const { tables, id, random } = this.#turn;
    if (tables.tokens().length >= TOKENS_MAX) {
      return err({ kind: "limit-reached", what: "tokens", max: TOKENS_MAX });
    }
    const tokenId: TokenId = newChildId("tok", id, random);
    const text = newTokenText(tokenId, random);
    const byDefault = by.nowMs + TOKEN_MS_DEFAULT;
    const token: Token = {
      id: tokenId,
      name: draft.name,
      sha256: sha256Hex(text),
      rights: draft.rights,
      createdAtMs: by.nowMs,
      expiresAtMs: draft.expiresAtMs === undefined ? byDefault : (draft.expiresAtMs ?? undefined),
      lastUsedAtMs: undefined,
    };
    tables.addToken(token);
    this.#turn.note(by, "token.create", tokenId, draft.rights);
    return ok({ view: viewToken(token), text });
  }

  /** Revokes a token at once; the last one that rules the workspace stays. */
  revoke(by: Acting, id: string): Answer<TokenView> {
    const token = this.#turn.tables.token(id);
    if (token === undefined) return err({ kind: "not-found", what: "token" });
    if (isLastOwner(this.#turn.tables.tokens(), token.id, by.nowMs)) {
      return err({ kind: "last-owner-token" });
    }
    this.#turn.tables.removeToken(token.id);
    this.#turn.note(by, "token.revoke", token.id);
    return ok(viewToken(token));
  }
}
