import { object } from "valibot";

import { err, ok } from "../../core/result.ts";
import type { SyncEnd } from "../../workspace/sync-ports.ts";
import { workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { problemOf } from "../refusals.ts";
import { envelope, envelopeSchema } from "./envelope.ts";
import { endOfNumber } from "./numbers.ts";
import { pagingQuery, paginationOf, placeOf } from "./paging.ts";
import { viewCensusEnd } from "./sync-view.ts";

/** The number of the workspace that a token belongs to, for clients that want one. */
const WORKSPACE_NUMBER = 1;

type Kind = {
  readonly path: "sources" | "destinations";
  readonly summary: string;
  /** What of the ends of syncs can be one. */
  readonly isOne: (end: SyncEnd) => boolean;
};

const KINDS: readonly Kind[] = [
  {
    path: "sources",
    summary: "What syncs can read from",
    isOne: ({ id }) => id.startsWith("con_"),
  },
  { path: "destinations", summary: "What syncs can write to", isOne: () => true },
];

/** Connections and destinations by their numbers, and the workspace itself. */
export const CENSUS_END_OPERATIONS: readonly Operation[] = [
  ...KINDS.flatMap(operationsOf),
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/workspace",
    summary: "The workspace of the token",
    query: object({}),
    answer: envelopeSchema,
    handle: async ({ workspace, call }) => {
      const found = await workspace.describe(call);
      if (!found.ok) return err(problemOf(found.error));
      return ok(envelope("success", viewWorkspace(found.value)));
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/workspaces/:id",
    summary: "The workspace of the token, whose number is 1",
    query: object({}),
    answer: envelopeSchema,
    handle: async ({ workspace, call, params }) => {
      const found = await workspace.describe(call);
      if (!found.ok) return err(problemOf(found.error));
      if (Number(params["id"]) !== WORKSPACE_NUMBER) return NO_WORKSPACE;
      return ok(envelope("success", viewWorkspace(found.value)));
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/workspaces/:id/api_key",
    summary: "The token of this call, for clients that trade a personal token for a workspace's",
    query: object({}),
    answer: envelopeSchema,
    handle: async ({ workspace, call, caller, params }) => {
      const found = await workspace.authorize(call);
      if (!found.ok) return err(problemOf(found.error));
      if (Number(params["id"]) !== WORKSPACE_NUMBER || caller.kind !== "token") return NO_WORKSPACE;
      // Nobody but who sent it gets it back: here one token does for both.
      return ok({ status: "success", api_key: caller.secret });
    },
  }),
];

const NO_WORKSPACE = refuse("not_found", "A token's workspace has the number 1.");

function operationsOf({ path, summary, isOne }: Kind): readonly Operation[] {
  return [
    workspaceOperation("read", {
      method: "GET",
      path: `/census/api/v1/${path}`,
      summary,
      query: pagingQuery,
      answer: envelopeSchema,
      handle: async ({ workspace, call, query }) => {
        const ends = await workspace.syncEnds(call);
        if (!ends.ok) return err(problemOf(ends.error));
        const place = placeOf(query);
        const all = ends.value.filter((end) => !end.isDeleted && isOne(end));
        const ordered = place.isNewestFirst ? all.toReversed() : all;
        const data = ordered.slice(place.offset, place.offset + place.limit).map(viewCensusEnd);
        return ok({ ...envelope("success", data), pagination: paginationOf(place, all.length) });
      },
    }),
    workspaceOperation("read", {
      method: "GET",
      path: `/census/api/v1/${path}/:id`,
      summary: `${summary}, one by its number`,
      query: object({}),
      answer: envelopeSchema,
      handle: async ({ workspace, call, params }) => {
        const ends = await workspace.syncEnds(call);
        if (!ends.ok) return err(problemOf(ends.error));
        const end = endOfNumber(ends.value, Number(params["id"]));
        return end === undefined || !isOne(end)
          ? refuse("not_found", "This workspace has nothing of that number.")
          : ok(envelope("success", viewCensusEnd(end)));
      },
    }),
  ];
}

function viewWorkspace({ name, createdAt }: { readonly name: string; readonly createdAt: string }) {
  return {
    id: WORKSPACE_NUMBER,
    name,
    organization_id: WORKSPACE_NUMBER,
    created_at: createdAt,
    notification_emails: [],
  };
}
