import type { HomeRegion } from "../../src/core/ids.ts";
import type { IngestRegion } from "../../src/region/regions.ts";

/** A workspace with one source, made through the management API as a user would. */
export type NewWorkspace = {
  readonly id: string;
  readonly region: HomeRegion;
  /** An owner's token. */
  readonly token: string;
  readonly sourceId: string;
  readonly writeKey: string;
};

export type Deployment = { readonly url: string; readonly operatorToken: string };

/** Makes a workspace in `region`, redeems its invite, and makes a source. */
export async function newWorkspace(
  deployment: Deployment,
  region: HomeRegion,
  name: string,
  ingestRegion?: IngestRegion,
): Promise<NewWorkspace> {
  const { url, operatorToken } = deployment;
  type Created = { readonly workspace: { readonly id: string }; readonly invite: string };
  const created = await call<Created>(url, "POST", "/api/v1/workspaces", operatorToken, {
    name,
    region,
  });
  type Redeemed = { readonly token: string };
  const { token } = await call<Redeemed>(url, "POST", "/api/v1/invites/redeem", undefined, {
    invite: created.invite,
  });
  type Source = { readonly source: { readonly id: string }; readonly writeKey: string };
  const made = await call<Source>(url, "POST", "/api/v1/sources", token, {
    name: `${name} source`,
    ...(ingestRegion === undefined ? {} : { ingestRegion }),
  });
  return {
    id: created.workspace.id,
    region,
    token,
    sourceId: made.source.id,
    writeKey: made.writeKey,
  };
}

/**
 * One call of the management API, and what it answers.
 *
 * @throws Error with the answer's code when it is not a success.
 */
export async function call<T>(
  url: string,
  method: string,
  path: string,
  token: string | undefined,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Cannot ${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}
