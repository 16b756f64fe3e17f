import {
  array,
  boolean,
  object,
  optional,
  picklist,
  strictObject,
  unknown,
  type InferOutput,
} from "valibot";

import { isChildId } from "../../core/ids.ts";
import type { ConfigDestination } from "../../workspace/config-destinations.ts";
import type { ConfigDocument } from "../../workspace/config-document.ts";
import { defined } from "../defined.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import {
  configDocument,
  edgeAnswer,
  edgePolicy,
  name,
  planEntry,
  workspaceDetails,
} from "../schemas.ts";

/** The workspace itself and its configuration. */
export const WORKSPACE_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/workspace",
    summary: "The workspace that the token belongs to",
    answer: object({ workspace: workspaceDetails }),
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.describe(call), (view) => ({ workspace: view })),
  }),
  workspaceOperation("own", {
    method: "PATCH",
    path: "/api/v1/workspace",
    summary:
      "Change its name, edgePolicy or edgeAnswer; any region is refused, because it never changes",
    body: strictObject({
      name: optional(name),
      edgePolicy: optional(edgePolicy),
      edgeAnswer: optional(edgeAnswer),
      region: optional(unknown()),
    }),
    answer: object({ workspace: workspaceDetails }),
    problems: ["region_locked", "edge_policy_not_allowed"],
    handle: async ({ workspace, call, body }) => {
      const changed = await workspace.change(call, defined(body));
      return answerWith(changed, (view) => ({ workspace: view }));
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/workspace/config",
    summary: "The whole configuration as one document, without secrets",
    answer: configDocument,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.exportConfig(call), (document) => document),
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/workspace/config",
    summary:
      "Apply a configuration, also one of another region; plan=true only says what it would do",
    body: configDocument,
    query: strictObject({
      plan: optional(picklist(["true", "false"])),
      prune: optional(picklist(["true", "false"])),
    }),
    answer: object({ applied: boolean(), plan: array(planEntry) }),
    problems: ["region_locked", "route_change_in_progress", "too_many_route_changes"],
    handle: async ({ workspace, call, body, query }) => {
      if (body.workspace.region !== undefined) {
        const refused = await workspace.change(call, { region: body.workspace.region });
        return answerWith(refused, (view) => view);
      }
      const plan = query.plan === "true";
      const options = { plan, prune: query.prune === "true" };
      const answer = await workspace.applyConfig(call, toDocument(body), options);
      return answerWith(answer, (entries) => ({ applied: !plan, plan: entries }));
    },
  }),
];

/** The document as its type; an id that is none of ours is left out, and the name is matched. */
function toDocument(body: InferOutput<typeof configDocument>): ConfigDocument {
  return {
    version: 1,
    region: body.region,
    workspace: defined({
      name: body.workspace.name,
      edgePolicy: body.workspace.edgePolicy,
      edgeAnswer: body.workspace.edgeAnswer,
    }),
    sources: body.sources.map(({ id, ...settings }) =>
      id !== undefined && isChildId("src", id) ? { id, ...settings } : settings,
    ),
    ...(body.destinations === undefined
      ? {}
      : { destinations: body.destinations.map(toDestination) }),
    ...(body.connections === undefined ? {} : { connections: body.connections.map(defined) }),
  };
}

function toDestination(
  destination: NonNullable<InferOutput<typeof configDocument>["destinations"]>[number],
): ConfigDestination {
  const { filters, ...rest } = destination;
  return {
    ...defined(rest),
    filters: filters.map(({ actions, ...filter }) => ({
      ...filter,
      actions: actions.map(defined),
    })),
  };
}
