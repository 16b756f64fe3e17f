import { literal, object, string } from "valibot";

import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { defined } from "../defined.ts";
import { leavingView, viewLeaving } from "./leaving.ts";
import {
  page,
  pageOf,
  pageSchema,
  sourceDraft,
  sourcePatch,
  sourceView,
  writeKeyView,
} from "../schemas.ts";

const sourceAnswer = object({ source: sourceView });

/** The sources of a workspace and their write keys. */
export const SOURCE_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources",
    summary: "The sources of the workspace, oldest first",
    query: page,
    answer: pageSchema(sourceView),
    handle: async ({ workspace, call, query }) =>
      answerWith(await workspace.sources(call, pageOf(query)), ({ data, next }) => ({
        data,
        pagination: { next: next ?? null },
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sources",
    summary: "Make a source with its first write key",
    body: sourceDraft,
    status: 201,
    answer: object({ source: sourceView, writeKey: string() }),
    problems: [
      "ingest_region_not_allowed",
      "source_type_not_in_region",
      "archive_location_not_allowed",
      "limit_reached",
    ],
    handle: async ({ workspace, call, body }) =>
      answerWith(await workspace.addSource(call, defined(body)), (source) => ({
        source,
        writeKey: source.writeKeys[0]?.writeKey,
      })),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id",
    summary: "One source",
    answer: sourceAnswer,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.source(call, params["id"] ?? ""), (source) => ({ source })),
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/api/v1/sources/:id",
    summary: "Change a source; a change of shards or ingest region closes the old queues first",
    body: sourcePatch,
    answer: sourceAnswer,
    problems: [
      "ingest_region_not_allowed",
      "archive_location_not_allowed",
      "route_change_in_progress",
      "too_many_route_changes",
    ],
    handle: async ({ workspace, call, params, body }) => {
      const changed = await workspace.changeSource(call, params["id"] ?? "", defined(body));
      return answerWith(changed, (source) => ({ source }));
    },
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/sources/:id",
    summary:
      "Delete a source: it takes no more events at once, and after five days all it has is deleted",
    answer: object({ source: sourceView, archivedData: literal("kept"), leaving: leavingView }),
    handle: async ({ workspace, call, params }) => {
      const removed = await workspace.removeSource(call, params["id"] ?? "");
      return answerWith(removed, ({ source, leaving }) => ({
        source,
        archivedData: "kept",
        leaving: viewLeaving(leaving),
      }));
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sources/:id/write-keys",
    summary: "Make the next write key; two may be live at a time",
    status: 201,
    answer: writeKeyView,
    problems: ["too_many_write_keys", "write_keys_used_up"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.addWriteKey(call, params["id"] ?? ""), (key) => key),
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/sources/:id/write-keys/:version",
    summary: "Revoke one write key; in force within 5 seconds everywhere",
    answer: writeKeyView,
    handle: async ({ workspace, call, params }) => {
      const version = Number(params["version"]);
      const retired = await workspace.retireWriteKey(call, params["id"] ?? "", version);
      return answerWith(retired, (key) => key);
    },
  }),
];
