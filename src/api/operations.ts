import { object, unknown } from "valibot";

import { ok } from "../core/result.ts";
import { openApiDocument } from "./openapi.ts";
import { openOperation, type Operation } from "./operation.ts";
import { AUDIT_OPERATIONS } from "./routes/audit.ts";
import { ALERT_WEBHOOK_OPERATIONS } from "./routes/alert-webhook.ts";
import { ALERT_OPERATIONS } from "./routes/alerts.ts";
import { CATALOG_OPERATIONS } from "./routes/catalog.ts";
import { CONNECTION_OPERATIONS } from "./routes/connections.ts";
import { DELIVERY_OPERATIONS } from "./routes/deliveries.ts";
import { DESTINATION_OPERATIONS } from "./routes/destinations.ts";
import { FILE_OPERATIONS } from "./routes/files.ts";
import { FILTER_OPERATIONS } from "./routes/filters.ts";
import { LEAVING_OPERATIONS } from "./routes/leaving.ts";
import { REGION_OPERATIONS } from "./routes/regions.ts";
import { REGULATION_OPERATIONS } from "./routes/regulations.ts";
import { REPLAY_OPERATIONS } from "./routes/replays.ts";
import { SNIPPET_OPERATIONS } from "./routes/snippets.ts";
import { RESIDENCY_OPERATIONS } from "./routes/residency.ts";
import { SOURCE_DATA_OPERATIONS } from "./routes/source-data.ts";
import { SOURCE_OPERATIONS } from "./routes/sources.ts";
import { STORAGE_OPERATIONS } from "./routes/storage.ts";
import { SUBJECT_ACCESS_OPERATIONS } from "./routes/subject-access.ts";
import { SYNC_WEBHOOK_OPERATIONS } from "./routes/sync-webhook.ts";
import { SYNC_OPERATIONS } from "./routes/syncs.ts";
import { TOKEN_OPERATIONS } from "./routes/tokens.ts";
import { WORKSPACE_OPERATIONS } from "./routes/workspace.ts";
import { WORKSPACES_OPERATIONS } from "./routes/workspaces.ts";

const openApi = openOperation("public", {
  method: "GET",
  path: "/api/openapi.json",
  summary: "This document",
  answer: object({ openapi: unknown(), info: unknown(), paths: unknown() }),
  handle: async () => ok(openApiDocument(OPERATIONS)),
});

/** Every call of the management API: what the router mounts and the OpenAPI document lists. */
export const OPERATIONS: readonly Operation[] = [
  ...REGION_OPERATIONS,
  openApi,
  ...WORKSPACES_OPERATIONS,
  ...WORKSPACE_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...RESIDENCY_OPERATIONS,
  ...ALERT_OPERATIONS,
  ...ALERT_WEBHOOK_OPERATIONS,
  ...TOKEN_OPERATIONS,
  ...SOURCE_OPERATIONS,
  ...LEAVING_OPERATIONS,
  ...STORAGE_OPERATIONS,
  ...SNIPPET_OPERATIONS,
  ...SOURCE_DATA_OPERATIONS,
  ...FILE_OPERATIONS,
  ...CATALOG_OPERATIONS,
  ...DESTINATION_OPERATIONS,
  ...FILTER_OPERATIONS,
  ...DELIVERY_OPERATIONS,
  ...CONNECTION_OPERATIONS,
  ...REPLAY_OPERATIONS,
  ...REGULATION_OPERATIONS,
  ...SUBJECT_ACCESS_OPERATIONS,
  ...SYNC_OPERATIONS,
  ...SYNC_WEBHOOK_OPERATIONS,
];
