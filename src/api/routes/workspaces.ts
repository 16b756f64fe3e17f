import { object, optional, strictObject, string } from "valibot";

import { ok } from "../../core/result.ts";
import { HOME_REGION_NAMES, isHomeRegion } from "../../region/regions.ts";
import { parseInvite } from "../../workspace/secrets.ts";
import { answerWith, openOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { name, pageSchema, region, workspaceView } from "../schemas.ts";

/** The operator's calls, and the one that turns an invite into an owner's token. */
export const WORKSPACES_OPERATIONS: readonly Operation[] = [
  openOperation("operator", {
    method: "POST",
    path: "/api/v1/workspaces",
    summary: "Make a workspace in a region, for good, and an invite into it",
    body: strictObject({ name, region }),
    status: 201,
    answer: object({ workspace: workspaceView, invite: string() }),
    problems: ["region_locked"],
    handle: async ({ services, body, idempotency }) => {
      const directory = services.directoryAdmin(body.region);
      return answerWith(await directory.create(body.name, idempotency), (created) => created);
    },
  }),
  openOperation("operator", {
    method: "GET",
    path: "/api/v1/workspaces",
    summary: "The workspaces of a deployment: ids, names and regions, nothing of what is inside",
    query: strictObject({ after: optional(string()), region: optional(region) }),
    answer: pageSchema(workspaceView),
    handle: async ({ services, query }) => {
      const [from, last] = readCursor(query.after);
      const homes = HOME_REGION_NAMES.filter(
        (home) => query.region === undefined || home === query.region,
      );
      const at = from === undefined ? 0 : homes.indexOf(from);
      if (query.after !== undefined && (from === undefined || at < 0)) {
        return refuse("invalid_query", "after is not the next of an earlier page.");
      }
      const home = homes[at];
      if (home === undefined) return ok({ data: [], pagination: { next: null } });
      const page = await services.directory(home).list(last);
      const following = homes[at + 1];
      if (page.next !== undefined) {
        return ok({ data: page.data, pagination: { next: `${home}:${page.next}` } });
      }
      if (following === undefined) return ok({ data: page.data, pagination: { next: null } });
      const more = await services.directory(following).list();
      const next = more.next === undefined ? null : `${following}:${more.next}`;
      return ok({ data: [...page.data, ...more.data], pagination: { next } });
    },
  }),
  openOperation("public", {
    method: "POST",
    path: "/api/v1/invites/redeem",
    summary: "Exchange an invite for an owner token, once",
    body: strictObject({ invite: string() }),
    status: 201,
    answer: object({ workspace: workspaceView, token: string() }),
    problems: ["invite_invalid"],
    handle: async ({ services, body, idempotency }) => {
      const invite = parseInvite(body.invite);
      if (invite === undefined) return refuse("invite_invalid", "This is no invite of ours.");
      const workspace = services.workspaceAdmin(invite.workspaceId);
      const redeemed = await workspace.redeem(invite.sha256, idempotency);
      return answerWith(redeemed, (value) => value);
    },
  }),
];

/** `eu:ws_eu_…` as its region and the last id seen there. */
function readCursor(after: string | undefined) {
  const [home = "", last] = (after ?? "").split(":");
  return isHomeRegion(home) && last !== undefined
    ? ([home, last] as const)
    : [undefined, undefined];
}
