import {
  array,
  boolean,
  nullable,
  object,
  optional,
  record,
  strictObject,
  string,
  unknown,
} from "valibot";

import { ok } from "../../core/result.ts";
import { previewFilter } from "../../deliver/filter/preview.ts";
import { defined } from "../defined.ts";
import { filterParts, filterView } from "../filter-schemas.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";

const filterDraft = strictObject({ ...filterParts, enabled: optional(boolean()) });
const filterPatch = strictObject({
  title: optional(filterParts.title),
  if: optional(filterParts.if),
  actions: optional(filterParts.actions),
  enabled: optional(boolean()),
});

const filterAnswer = object({ filter: filterView });

/** The filters of a destination. They hold for events that wait for a retry, too. */
export const FILTER_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/destinations/:id/filters",
    summary: "The filters of a destination",
    answer: object({ data: array(filterView) }),
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.destination(call, params["id"] ?? ""), ({ filters }) => ({
        data: filters,
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/destinations/:id/filters",
    summary: "Add a filter: FQL, and what becomes of events that meet it",
    body: filterDraft,
    status: 201,
    answer: filterAnswer,
    problems: ["filters_invalid"],
    handle: async ({ workspace, call, params, body }) => {
      const filter = { ...defined(body), enabled: body.enabled ?? true };
      const added = await workspace.addFilter(call, params["id"] ?? "", {
        ...filter,
        actions: body.actions.map(defined),
      });
      return answerWith(added, (made) => ({ filter: made }));
    },
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/api/v1/destinations/:id/filters/:filterId",
    summary: "Change a filter",
    body: filterPatch,
    answer: filterAnswer,
    problems: ["filters_invalid"],
    handle: async ({ workspace, call, params, body }) => {
      const { actions, ...rest } = body;
      const patch = {
        ...defined(rest),
        ...(actions === undefined ? {} : { actions: actions.map(defined) }),
      };
      const { id = "", filterId = "" } = params;
      const changed = await workspace.changeFilter(call, id, filterId, patch);
      return answerWith(changed, (filter) => ({ filter }));
    },
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/destinations/:id/filters/:filterId",
    summary: "Remove a filter",
    answer: filterAnswer,
    handle: async ({ workspace, call, params }) => {
      const { id = "", filterId = "" } = params;
      const removed = await workspace.removeFilter(call, id, filterId);
      return answerWith(removed, (filter) => ({ filter }));
    },
  }),
  workspaceOperation("read", {
    method: "POST",
    path: "/api/v1/destinations/:id/filters/preview",
    summary: "What a filter makes of an event that you send along; nothing is kept",
    body: strictObject({
      filter: strictObject({ if: filterParts.if, actions: filterParts.actions }),
      payload: record(string(), unknown()),
    }),
    answer: object({
      inputPayload: record(string(), unknown()),
      result: nullable(record(string(), unknown())),
    }),
    handle: async ({ workspace, call, params, body }) => {
      const known = await workspace.destination(call, params["id"] ?? "");
      if (!known.ok) return answerWith(known, () => ({}));
      const { if: condition, actions } = body.filter;
      const filter = { if: condition, actions: actions.map(defined) };
      return ok(previewFilter(filter, body.payload));
    },
  }),
];
