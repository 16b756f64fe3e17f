import type { MarkKind } from "./marks.ts";

/**
 * What an answer may hold, by method and path of the OpenAPI document. An operation that is not here
 * may hold nothing: neither what customers send, nor a name, a key or a token.
 */
const ANSWERS: Readonly<Record<string, readonly MarkKind[]>> = {
  "POST /api/v1/workspaces": ["name", "invite"],
  "GET /api/v1/workspaces": ["name"],
  "POST /api/v1/invites/redeem": ["name", "token"],
  "GET /api/v1/workspace": ["name"],
  "PATCH /api/v1/workspace": ["name"],
  "GET /api/v1/workspace/config": ["name"],
  "PUT /api/v1/workspace/config": ["name"],
  "GET /api/v1/tokens": ["name"],
  "POST /api/v1/tokens": ["name", "token"],
  "GET /api/v1/sources": ["name", "write-key"],
  "POST /api/v1/sources": ["name", "write-key"],
  "GET /api/v1/sources/{id}": ["name", "write-key"],
  "PATCH /api/v1/sources/{id}": ["name", "write-key"],
  "POST /api/v1/sources/{id}/write-keys": ["name", "write-key"],
  "DELETE /api/v1/sources/{id}": ["name", "write-key"],
  "POST /api/v1/sources/{id}/restore": ["name", "write-key"],
  "DELETE /api/v1/tokens/{id}": ["name"],
  "DELETE /api/v1/sources/{id}/write-keys/{version}": ["name", "write-key"],
  "GET /api/v1/sources/{id}/snippets": ["write-key"],
  "GET /api/v1/regulations/{id}": ["subject"],
  "GET /api/v1/suppressions": ["subject"],
  "GET /api/v1/subject-access/{id}/files/{number}": ["event"],
  "POST /api/v1/suppressions/search": ["subject"],
  "GET /api/v1/destinations": ["name"],
  "POST /api/v1/destinations": ["name"],
  "GET /api/v1/destinations/{id}": ["name"],
  "PATCH /api/v1/destinations/{id}": ["name"],
  "DELETE /api/v1/destinations/{id}": ["name"],
  "GET /api/v1/destinations/{id}/last-failure": ["event"],
  "POST /api/v1/destinations/{id}/dead-letters/search": ["event"],
  // Shows what the vendor answered, to whoever asked for it.
  "POST /api/v1/destinations/{id}/test": ["event", "vendor"],
  "GET /api/v1/destinations/{id}/filters": ["name"],
  "POST /api/v1/destinations/{id}/filters": ["name"],
  "PATCH /api/v1/destinations/{id}/filters/{filterId}": ["name"],
  "DELETE /api/v1/destinations/{id}/filters/{filterId}": ["name"],
  "POST /api/v1/destinations/{id}/filters/preview": ["event"],
  "GET /api/v1/connections": ["name"],
  "POST /api/v1/connections": ["name"],
  "GET /api/v1/connections/{id}": ["name"],
  "PATCH /api/v1/connections/{id}": ["name"],
  "DELETE /api/v1/connections/{id}": ["name"],
  "POST /api/v1/connections/{id}/preview": ["row"],
  "GET /api/v1/syncs": ["name", "rule"],
  "POST /api/v1/syncs": ["name", "rule"],
  "GET /api/v1/syncs/{id}": ["name", "rule"],
  "PATCH /api/v1/syncs/{id}": ["name", "rule"],
  "DELETE /api/v1/syncs/{id}": ["name", "rule"],
  // Refused records, with what the destination said of each.
  "POST /api/v1/syncs/{id}/runs/{run}/records": ["row", "rule", "vendor"],
  "GET /census/api/v1/syncs": ["name", "rule"],
  "POST /census/api/v1/syncs": ["name", "rule"],
  "GET /census/api/v1/syncs/{id}": ["name", "rule"],
  "PATCH /census/api/v1/syncs/{id}": ["name", "rule"],
  "DELETE /census/api/v1/syncs/{id}": ["name", "rule"],
  "GET /census/api/v1/sync_runs/{id}/records": ["row", "rule", "vendor"],
  "POST /census/api/v1/sync_runs/{id}/records": ["row", "rule", "vendor"],
  "GET /census/api/v1/sources": ["name"],
  "GET /census/api/v1/sources/{id}": ["name"],
  "GET /census/api/v1/destinations": ["name"],
  "GET /census/api/v1/destinations/{id}": ["name"],
  "GET /census/api/v1/workspace": ["name"],
  "GET /census/api/v1/workspaces/{id}": ["name"],
  "GET /census/api/v1/workspaces/{id}/api_key": ["token"],
};

/** What SDKs load is made from their own key. */
const SDK_DOCUMENTS: Readonly<Record<string, readonly MarkKind[]>> = {
  "a settings document": ["write-key"],
  "the browser bundle": ["write-key"],
};

export function answerMayHold(operation: string): readonly MarkKind[] {
  return [...(ANSWERS[operation] ?? SDK_DOCUMENTS[operation] ?? []), "field"];
}

/**
 * Parameters of paths and queries, all of them ids of ours, numbers, times and choices. What is not
 * here could carry a person's data into the logs of whoever stands between.
 */
export const PARAMETERS_OF_OURS: readonly string[] = [
  "id",
  "sourceId",
  "destinationId",
  "filterId",
  "version",
  "number",
  "run",
  "before",
  "region",
  "after",
  "limit",
  "from",
  "to",
  "format",
  "plan",
  "prune",
  "granularity",
  "slug",
  // What a source calls its tables, and which files of a folder are meant.
  "table",
  "files",
  "code",
  // Census's; a URL with a `primary_identifier` is refused, which points to the body instead.
  "page",
  "per_page",
  "order",
  "status",
  "operation",
  "force_full_sync",
  "primary_identifier",
  "sync_run_id",
  // Of a customer's own bucket: names of their infrastructure, none of them a person's.
  "account",
  "bucket",
  "dataLake",
  "endpoint",
  "form",
  "kmsKeyArn",
  "label",
  "location",
];

/** The one that is the customer's, and what docs/residency.md says of it. */
export const DOCUMENTED_PARAMETER = {
  name: "messageId",
  sentence:
    "*where is my event* carries the `messageId`, so do not put personal data into messageIds",
};
