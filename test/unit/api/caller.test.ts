import { randomBytes } from "node:crypto";

import { describe, expect, it } from "vitest";

import { tellCaller } from "../../../src/api/caller.ts";
import { OPERATIONS } from "../../../src/api/operations.ts";
import { newChildId, newWorkspaceId } from "../../../src/core/ids.ts";
import { newTokenText } from "../../../src/workspace/secrets.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const OPERATOR = "operator-token-of-the-test";
const TOKEN = newTokenText(newChildId("tok", newWorkspaceId("eu", random), random), random);

function outcome(authorization: string | null, access: "public" | "operator" | "read"): string {
  const told = tellCaller(authorization, access, OPERATOR);
  return told.ok ? told.value.kind : told.error.code;
}

describe("tellCaller()", () => {
  it.each([
    [null, "public", "anybody"],
    [`Bearer ${OPERATOR}`, "operator", "operator"],
    [`bearer   ${OPERATOR} `, "operator", "operator"],
    [`Bearer ${TOKEN}`, "read", "token"],
    [null, "read", "unauthenticated"],
    ["Bearer", "read", "unauthenticated"],
    [`Basic ${OPERATOR}`, "operator", "unauthenticated"],
    [`Bearer ${OPERATOR}x`, "operator", "unauthenticated"],
    [`Bearer ${"x".repeat(1000)}`, "read", "unauthenticated"],
    [`Bearer ${OPERATOR}`, "read", "forbidden"],
    [`Bearer ${TOKEN}`, "operator", "forbidden"],
  ] as const)("of %j for a call of %s is %s", (authorization, access, wanted) => {
    expect(outcome(authorization, access)).toBe(wanted);
  });
});

describe("the operator", () => {
  it("has exactly the calls that make and list workspaces and show what no workspace can", () => {
    const calls = OPERATIONS.filter(({ access }) => access === "operator");

    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/v1/workspaces",
      "GET /api/v1/workspaces",
      "GET /api/v1/edge-refusals",
      "GET /api/v1/workspaces/:id/departure",
    ]);
  });
});

describe("what everybody may call", () => {
  it("reads nothing of any workspace, but for an invite's own", () => {
    const calls = OPERATIONS.filter(({ access }) => access === "public");

    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /health",
      "GET /api/v1/regions",
      "GET /api/openapi.json",
      "POST /api/v1/invites/redeem",
      "GET /api/v1/catalog/destinations",
      "GET /api/v1/catalog/destinations/:slug",
    ]);
  });
});
