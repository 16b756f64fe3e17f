import {
  array,
  check,
  isoTimestamp,
  minLength,
  nullable,
  object,
  optional,
  pipe,
  strictObject,
  string,
} from "valibot";

import { isRightsList } from "../../workspace/rights.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { name, pageSchema, right, tokenView } from "../schemas.ts";

const rights = pipe(
  array(right),
  minLength(1),
  check(
    (held) => isRightsList(held),
    "has to hold exactly one of owner, editor and viewer, and nothing twice",
  ),
);

/** The tokens of a workspace; only owners see and make them. */
export const TOKEN_OPERATIONS: readonly Operation[] = [
  workspaceOperation("own", {
    method: "GET",
    path: "/api/v1/tokens",
    summary: "The tokens of the workspace, without their texts",
    answer: pageSchema(tokenView),
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.tokens(call), (data) => ({ data, pagination: { next: null } })),
  }),
  workspaceOperation("own", {
    method: "POST",
    path: "/api/v1/tokens",
    summary: "Make a token; its text is shown in this answer and never again",
    body: strictObject({
      name,
      rights,
      expiresAt: optional(nullable(pipe(string(), isoTimestamp()))),
    }),
    status: 201,
    answer: object({ ...tokenView.entries, token: string() }),
    problems: ["limit_reached"],
    handle: async ({ workspace, call, body, services }) => {
      const { expiresAt } = body;
      const expiresAtMs = typeof expiresAt === "string" ? Date.parse(expiresAt) : expiresAt;
      if (typeof expiresAtMs === "number" && !(expiresAtMs > services.now())) {
        const errors = [{ path: "expiresAt", message: "has to be in the future" }];
        return refuse("invalid_request", "1 fields are wrong.", { errors });
      }
      const draft = {
        name: body.name,
        rights: body.rights,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      };
      const made = await workspace.addToken(call, draft);
      return answerWith(made, ({ view, text }) => ({ ...view, token: text }));
    },
  }),
  workspaceOperation("own", {
    method: "DELETE",
    path: "/api/v1/tokens/:id",
    summary: "Revoke a token at once",
    answer: tokenView,
    problems: ["last_owner_token"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.revokeToken(call, params["id"] ?? ""), (token) => token),
  }),
];
