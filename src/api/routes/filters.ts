import {
  array,
  boolean,
  maxLength,
  minLength,
  nullable,
  number,
  object,
  optional,
  pipe,
  picklist,
  record,
  strictObject,
  string,
  unknown,
  variant,
  literal,
} from "valibot";

import { ok } from "../../core/result.ts";
import { previewFilter } from "../../deliver/filter/preview.ts";
import { defined } from "../defined.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";

/** Bytes of an FQL condition, as Segment has it. */
const FQL_CHARS_MAX = 5_120;
const TITLE_CHARS_MAX = 64;
const ACTIONS_MAX = 10;

const fields = record(string(), array(string()));

const action = variant("type", [
  strictObject({ type: literal("DROP") }),
  strictObject({ type: literal("DROP_PROPERTIES"), fields }),
  strictObject({ type: literal("ALLOW_PROPERTIES"), fields }),
  strictObject({ type: literal("SAMPLE"), percent: number(), path: optional(string()) }),
]);

const parts = {
  title: pipe(string(), minLength(1), maxLength(TITLE_CHARS_MAX)),
  if: pipe(string(), minLength(1), maxLength(FQL_CHARS_MAX)),
  actions: pipe(array(action), minLength(1), maxLength(ACTIONS_MAX)),
};

const filterDraft = strictObject({ ...parts, enabled: optional(boolean()) });
const filterPatch = strictObject({
  title: optional(parts.title),
  if: optional(parts.if),
  actions: optional(parts.actions),
  enabled: optional(boolean()),
});

export const filterView = object({
  id: string(),
  title: string(),
  if: string(),
  actions: array(
    object({
      type: picklist(["DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES", "SAMPLE"]),
      fields: optional(fields),
      percent: optional(number()),
      path: optional(string()),
    }),
  ),
  enabled: boolean(),
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
      filter: strictObject({ if: parts.if, actions: parts.actions }),
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
