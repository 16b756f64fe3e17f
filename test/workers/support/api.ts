import { env } from "cloudflare:test";
import { parse } from "valibot";
import { expect } from "vitest";

import { reach, type Env } from "../../../durable-objects/reach.ts";
import { openApiDocument } from "../../../src/api/openapi.ts";
import { OPERATIONS } from "../../../src/api/operations.ts";
import { handleApi } from "../../../src/api/router.ts";
import { parseConfig } from "../../../src/config.ts";
import type { HomeRegion, WorkspaceId } from "../../../src/core/ids.ts";
import type { ApiServices } from "../../../src/workspace/ports.ts";

export const ENV = env as unknown as Env;
export const CONFIG = parseConfig(env as unknown as Record<string, unknown>);
export const OPERATOR = CONFIG.operatorToken;

/** The services of the built Worker, over the objects of the test's own workerd. */
export function makeServices(changes: Partial<ApiServices> = {}): ApiServices {
  return {
    ...reach(ENV, CONFIG),
    config: CONFIG,
    now: () => Date.now(),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sourceConfig: async () => ({ kind: "unknown" }),
    learnRoute: () => undefined,
    countEdge: () => undefined,
    ...changes,
  };
}

export type Called = {
  readonly status: number;
  // The tests read answers of many shapes; what they expect is what types them.
  readonly body: ReturnType<typeof JSON.parse>;
  readonly headers: Headers;
};

/** One call of the management API, as a client makes it. */
export async function call(
  method: string,
  path: string,
  options: {
    readonly token?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
    readonly services?: ApiServices;
  } = {},
): Promise<Called> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  if (body !== null && !headers.has("content-type"))
    headers.set("content-type", "application/json");
  const request = new Request(`https://homeport.example.com${path}`, { method, headers, body });
  const response = await handleApi(request, options.services ?? makeServices());
  if (response === undefined) throw new Error("Cannot test: the path is not of the API");
  const answer = {
    status: response.status,
    headers: response.headers,
    body: isJson(response) ? await response.json() : await textOf(response),
  };
  expectDescribed(method, path, answer);
  return answer;
}

/** Not `text()`, which warns of a content type that it does not know. */
async function textOf(response: Response): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer());
}

function isJson(response: Response): boolean {
  return /^application\/(problem\+)?json/.test(response.headers.get("content-type") ?? "");
}

/** What is answered is what the OpenAPI document says: no field more, none less, no other status. */
function expectDescribed(method: string, path: string, { status, body }: Called): void {
  const [pathname = ""] = path.split("?");
  const operation = OPERATIONS.find(
    (listed) =>
      listed.method === method &&
      new RegExp(`^${listed.path.replaceAll(/:\w+/g, "[^/]+")}$`).test(pathname),
  );
  if (operation === undefined) return;
  if (status < 400) {
    expect(status).toBe(operation.status);
    expect(parse(operation.answer, body)).toEqual(body);
    return;
  }
  const { responses } = (openApiDocument([operation]) as unknown as Described).paths[
    operation.path.replaceAll(/:(\w+)/g, "{$1}")
  ]?.[method.toLowerCase()] ?? { responses: {} };
  expect(responses[status]?.description.split(", ")).toContain(body.code);
}

type Described = {
  readonly paths: Record<
    string,
    Record<string, { readonly responses: Record<number, { readonly description: string }> }>
  >;
};

/** A new workspace and its first owner's token, made as an operator and an owner make them. */
export async function makeWorkspace(region: HomeRegion = "eu") {
  const made = await call("POST", "/api/v1/workspaces", {
    token: OPERATOR,
    body: { name: "Acme", region },
  });
  const redeemed = await call("POST", "/api/v1/invites/redeem", {
    body: { invite: made.body.invite as string },
  });
  return {
    id: made.body.workspace.id as WorkspaceId,
    token: redeemed.body.token as string,
    invite: made.body.invite as string,
  };
}
