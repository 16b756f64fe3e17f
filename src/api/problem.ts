import { err, type Result } from "../core/result.ts";

/** Every code of the management API, with its status and its title. docs/management-api.md lists them. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: "The body is not JSON" },
  invalid_query: { status: 400, title: "The query is not understood" },
  invalid_idempotency_key: { status: 400, title: "The Idempotency-Key is not usable" },
  unauthenticated: { status: 401, title: "The token is missing, unknown, revoked or expired" },
  forbidden: { status: 403, title: "The token lacks the right for this call" },
  not_found: { status: 404, title: "There is no such thing here" },
  method_not_allowed: { status: 405, title: "The path does not take this method" },
  region_locked: { status: 409, title: "The region of a workspace never changes" },
  route_change_in_progress: { status: 409, title: "An earlier change of the route is not over" },
  idempotency_in_progress: { status: 409, title: "The first call with this key still runs" },
  too_many_write_keys: { status: 409, title: "Two write keys are live already" },
  write_keys_used_up: { status: 409, title: "The source can have no more write keys" },
  last_owner_token: { status: 409, title: "The workspace would be left without an owner" },
  limit_reached: { status: 409, title: "The workspace holds as many as it may" },
  storage_not_own: { status: 409, title: "The source has no bucket of its own" },
  no_regional_host: { status: 409, title: "The deployment has no host in the ingest region" },
  suppressed_in_workspace: { status: 409, title: "The user is suppressed in all of the workspace" },
  replay_state: { status: 409, title: "The replay is not in a state for this" },
  not_leaving: { status: 409, title: "It is not going to be deleted" },
  leaving_begun: { status: 409, title: "The deletion has begun" },
  rebuild_running: { status: 409, title: "A rebuild of other files is running" },
  invite_invalid: { status: 410, title: "The invite is unknown, used or expired" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body has to be JSON" },
  invalid_request: { status: 422, title: "The body is not what this call takes" },
  ingest_region_not_allowed: { status: 422, title: "The home region does not allow it" },
  source_type_not_in_region: { status: 422, title: "The type is not offered in this region" },
  archive_location_not_allowed: { status: 422, title: "The home region has other locations" },
  invalid_segment_source_id: { status: 422, title: "This cannot be a source's id at Segment" },
  idempotency_key_reused: { status: 422, title: "The key was used for another request" },
  too_many_route_changes: { status: 429, title: "The route changed too often within the window" },
  internal: { status: 500, title: "Something of ours broke" },
  destination_not_offered: { status: 422, title: "The catalogue has no such destination" },
  no_endpoint_in_region: { status: 422, title: "The destination has no endpoint in the region" },
  destination_settings_invalid: {
    status: 422,
    title: "The destination lacks or refuses a setting",
  },
  storage_invalid: { status: 422, title: "The bucket, a role or the key cannot be" },
  filters_invalid: { status: 422, title: "A filter is not one" },
  sync_invalid: { status: 422, title: "The sync cannot be made like that" },
  sync_run_over: { status: 409, title: "The run is over" },
  append_not_full: { status: 422, title: "An append is never sent in full again" },
  connection_in_use: { status: 409, title: "A sync uses the connection" },
  connection_settings_invalid: { status: 422, title: "The connection cannot be as described" },
  connection_not_in_region: {
    status: 422,
    title: "The connection is not known to be in the region",
  },
  source_failed: { status: 422, title: "The source does not give what was asked for" },
  source_unavailable: { status: 503, title: "The source does not answer now" },
  sync_in_use: { status: 409, title: "Another sync depends on it" },
  edge_policy_not_allowed: { status: 422, title: "The home region promises more than that" },
  unavailable: { status: 503, title: "A part of the region does not answer" },
  outside_region: {
    status: 503,
    finalStatus: 403,
    title: "The request came in outside the region",
  },
} as const satisfies Readonly<Record<string, ProblemRow>>;

type ProblemRow = {
  readonly status: number;
  /** The status when a repetition cannot help, for a problem that otherwise passes. */
  readonly finalStatus?: number;
  readonly title: string;
};

/** The statuses that a code may be answered with. */
export function statusesOf(code: ProblemCode): readonly number[] {
  const { status, finalStatus }: ProblemRow = PROBLEMS[code];
  return finalStatus === undefined ? [status] : [status, finalStatus];
}

export type ProblemCode = keyof typeof PROBLEMS;

/** Why a call was refused, as it goes out. */
export type Problem = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  /** Set when a repetition cannot help although it could for the code. */
  readonly isFinal?: boolean;
  readonly allow?: readonly string[];
  readonly requestId?: string;
};

/** One field that is wrong; `path` as in `sources.0.rate`. */
export type FieldError = { readonly path: string; readonly message: string };

/** A refusal with that code. */
export function refuse(
  code: ProblemCode,
  detail: string,
  more: Omit<Problem, "code" | "detail"> = {},
): Result<never, Problem> {
  return err({ code, detail, ...more });
}

/** The RFC 9457 document of a problem. Its `type` is the code: the page that lists them is one. */
export function problemResponse(problem: Problem): Response {
  const { code, detail, errors, retryAfterSeconds, allow, requestId } = problem;
  const { title } = PROBLEMS[code];
  const [passing = 500, final = passing] = statusesOf(code);
  const status = problem.isFinal === true ? final : passing;
  const headers = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  if (allow !== undefined) headers.set("allow", allow.join(", "));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  const body = {
    type: code,
    title,
    status,
    code,
    detail,
    ...(errors === undefined ? {} : { errors }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  return new Response(JSON.stringify(body), { status, headers });
}
