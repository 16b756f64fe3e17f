import {
  array,
  boolean,
  integer,
  maxLength,
  maxValue,
  minLength,
  minValue,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  strictObject,
  string,
  unknown,
  variant,
  literal,
} from "valibot";

import { ok } from "../../core/result.ts";
import type { Explored } from "../../sync/connection/explore.ts";
import { CONNECTION_KIND_NAMES } from "../../sync/connection/kinds.ts";
import { FILE_FORMATS } from "../../sync/source/files/folders.ts";
import { defined } from "../defined.ts";
import { modelNamed } from "../model-named.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { host, name, page, pageOf, pageSchema } from "../schemas.ts";

/** Characters of what a setting is called. */
const KEY_CHARS_MAX = 100;
/** Hosts that one connection may declare. */
const HOSTS_MAX = 20;
/** Characters of a name of a table, a schema or a folder. */
const NAME_CHARS_MAX = 1_024;
/** Characters of a query, as Segment has it. */
const QUERY_CHARS_MAX = 65_535;
/** Rows of a preview. */
const PREVIEW_ROWS_MAX = 100;
const PREVIEW_ROWS_DEFAULT = 20;

const settings = record(pipe(string(), minLength(1), maxLength(KEY_CHARS_MAX)), unknown());
const hosts = pipe(array(host), maxLength(HOSTS_MAX));
const modelName = pipe(string(), minLength(1), maxLength(NAME_CHARS_MAX));

/** What is read of a connection, as syncs and previews name it. */
export const model = variant("kind", [
  strictObject({ kind: literal("table"), schema: modelName, name: modelName }),
  strictObject({
    kind: literal("query"),
    sql: pipe(string(), minLength(1), maxLength(QUERY_CHARS_MAX)),
  }),
  strictObject({
    kind: literal("folder"),
    prefix: pipe(string(), maxLength(NAME_CHARS_MAX)),
    format: picklist(FILE_FORMATS),
    files: picklist(["newest", "all"]),
  }),
]);

const connectionDraft = strictObject({
  name,
  kind: picklist(CONNECTION_KIND_NAMES),
  settings: optional(settings),
  hosts: optional(hosts),
});

const connectionPatch = strictObject({
  name: optional(name),
  settings: optional(settings),
  hosts: optional(hosts),
});

const connectionView = object({
  id: string(),
  kind: picklist(CONNECTION_KIND_NAMES),
  name: string(),
  region: picklist(["eu", "us"]),
  settings: record(string(), unknown()),
  secrets: array(string()),
  hosts: array(string()),
  createdAt: string(),
  updatedAt: string(),
});

const connectionAnswer = object({ connection: connectionView });

const testAnswer = object({
  passed: boolean(),
  steps: array(
    object({
      step: string(),
      state: picklist(["passed", "failed", "skipped", "warned"]),
      message: string(),
    }),
  ),
});

const tablesAnswer = object({
  data: array(
    object({
      model,
      kind: picklist(["table", "view", "foreign_table", "folder"]),
      rowsEstimate: nullable(number()),
      files: nullable(number()),
      bytes: nullable(number()),
    }),
  ),
});

const column = object({
  name: string(),
  type: picklist([
    "text",
    "integer",
    "decimal",
    "float",
    "boolean",
    "date",
    "date_time",
    "json",
    "binary",
  ]),
});

const rows = array(array(nullable(string())));

const preview = strictObject({
  model,
  limit: optional(
    pipe(number(), integer(), minValue(1), maxValue(PREVIEW_ROWS_MAX)),
    PREVIEW_ROWS_DEFAULT,
  ),
});

const LOOK_PROBLEMS = ["not_found", "source_failed", "source_unavailable"] as const;
const CHANGE_PROBLEMS = ["connection_settings_invalid", "connection_not_in_region"] as const;

/** The connections of a workspace. */
export const CONNECTION_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/connections",
    summary: "The connections of the workspace, oldest first; secrets are only named",
    query: page,
    answer: pageSchema(connectionView),
    handle: async ({ workspace, call, query }) =>
      answerWith(await workspace.connections(call, pageOf(query)), ({ data, next }) => ({
        data,
        pagination: { next: next ?? null },
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/connections",
    summary: "Connect to a database or a bucket in the region; nothing is contacted yet",
    body: connectionDraft,
    status: 201,
    answer: connectionAnswer,
    problems: [...CHANGE_PROBLEMS, "limit_reached"],
    handle: async ({ workspace, call, body }) =>
      answerWith(await workspace.addConnection(call, defined(body)), (connection) => ({
        connection,
      })),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/connections/:id",
    summary: "One connection",
    answer: connectionAnswer,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.connection(call, params["id"] ?? ""), (connection) => ({
        connection,
      })),
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/api/v1/connections/:id",
    summary: "Change a connection; settings that are not named stay, null takes one away",
    body: connectionPatch,
    answer: connectionAnswer,
    problems: CHANGE_PROBLEMS,
    handle: async ({ workspace, call, params, body }) => {
      const changed = await workspace.changeConnection(call, params["id"] ?? "", defined(body));
      return answerWith(changed, (connection) => ({ connection }));
    },
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/connections/:id",
    summary: "Forget a connection with its secrets; refused while a sync uses it",
    answer: connectionAnswer,
    problems: ["connection_in_use"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.removeConnection(call, params["id"] ?? ""), (connection) => ({
        connection,
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/connections/:id/test",
    summary: "Try a connection for real, in named steps; nothing is written",
    answer: testAnswer,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.testConnection(call, params["id"] ?? ""), (steps) => ({
        passed: steps.every(({ state }) => state !== "failed"),
        steps,
      })),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/connections/:id/tables",
    summary: "Tables and views that may be read, or folders of files, as models of syncs",
    answer: tablesAnswer,
    problems: LOOK_PROBLEMS,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.connectionTables(call, params["id"] ?? ""), (explored) => ({
        data: viewExplored(explored),
      })),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/connections/:id/columns",
    summary: "The columns of a table (schema.name, public unless it is given) or of a folder",
    query: strictObject({
      table: modelName,
      files: optional(picklist(["newest", "all"])),
    }),
    answer: object({ data: array(column) }),
    problems: [...LOOK_PROBLEMS, "invalid_query"],
    handle: async ({ workspace, call, params, query }) => {
      const named = modelNamed(query.table, query.files ?? "newest");
      if (named === undefined) {
        return refuse("invalid_query", "Name a table, or a folder and format as in people/*.csv.");
      }
      const id = params["id"] ?? "";
      return answerWith(await workspace.connectionColumns(call, id, named), (data) => ({ data }));
    },
  }),
  workspaceOperation("events:read", {
    method: "POST",
    path: "/api/v1/connections/:id/preview",
    summary: "Some rows of a model, read now in the region and kept nowhere",
    body: preview,
    answer: object({ columns: array(column), rows }),
    problems: LOOK_PROBLEMS,
    handle: async ({ workspace, call, params, body }) => {
      const found = await workspace.previewConnection(call, params["id"] ?? "", body);
      return found.ok ? ok(found.value) : answerWith(found, () => ({}));
    },
  }),
];

function viewExplored(explored: Explored) {
  if (explored.kind === "tables") {
    return explored.tables.map(({ schema, name: table, kind, rowsEstimate }) => ({
      model: { kind: "table", schema, name: table },
      kind,
      rowsEstimate: rowsEstimate ?? null,
      files: null,
      bytes: null,
    }));
  }
  return explored.folders.map(({ prefix, format, files, bytes }) => ({
    model: { kind: "folder", prefix, format, files: "newest" },
    kind: "folder",
    rowsEstimate: null,
    files,
    bytes,
  }));
}
