import type { Stack } from "../stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";

/** One workspace with one source, as the demo made it. */
export type DemoHome = {
  readonly region: HomeRegion;
  readonly workspaceId: string;
  readonly token: string;
  readonly sourceId: string;
  readonly writeKey: string;
};

/** Makes a workspace in `region` and a source in it, through the management API as anyone would. */
export async function makeHome(stack: Stack, region: HomeRegion): Promise<DemoHome> {
  const { invite } = await post(stack, "/api/v1/workspaces", stack.operatorToken, {
    name: `Demo ${region.toUpperCase()}`,
    region,
  });
  const redeemed = await post(stack, "/api/v1/invites/redeem", undefined, { invite });
  const token = String(redeemed["token"]);
  const made = await post(stack, "/api/v1/sources", token, { name: "Website", type: "node" });
  return {
    region,
    workspaceId: (redeemed["workspace"] as { readonly id: string }).id,
    token,
    sourceId: (made["source"] as { readonly id: string }).id,
    writeKey: String(made["writeKey"]),
  };
}

/** What the product itself says it accepted; the demo only compares it with what it read back. */
export async function acceptedByItsOwnCount(stack: Stack, home: DemoHome): Promise<number> {
  const answer = await fetch(`${stack.url}/api/v1/sources/${home.sourceId}/metrics`, {
    headers: { authorization: `Bearer ${home.token}` },
  });
  const { counters } = (await answer.json()) as {
    readonly counters: readonly { readonly step: string; readonly count: number }[];
  };
  return counters.find(({ step }) => step === "accepted")?.count ?? 0;
}

/** Calls the API. @throws Error with the answer, when nothing was made. */
export async function post(
  stack: Stack,
  path: string,
  token: string | undefined,
  body: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(stack.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`Cannot POST ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
