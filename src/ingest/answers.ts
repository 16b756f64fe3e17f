import type { ItemCode } from "./codes.ts";

/** Why a request as a whole is refused. Every one of them is listed in docs/segment-compatibility.md. */
export type RefusalCode =
  | ItemCode
  | "body_too_large"
  | "unsupported_content_encoding"
  | "missing_write_key"
  | "forged_write_key"
  | "write_key_revoked"
  | "unknown_source"
  | "source_disabled"
  | "wrong_region"
  | "outside_region"
  | "no_regional_host"
  | "unknown_host"
  | "pixel_off"
  | "method_not_allowed"
  | "not_found"
  | "too_many_requests"
  | "unavailable";

/** Why a request is not taken: what a caller is told, and when it may come again. */
export type Refusal = {
  readonly code: RefusalCode;
  readonly message: string;
  /** Asks the caller to keep the data and send it again after that time. */
  readonly retryAfterMs?: number;
  /** Takes the place of the code's own status. */
  readonly status?: number;
  /** The methods a path takes, when the request's was another. */
  readonly allow?: string;
};

const STATUSES: Readonly<Partial<Record<RefusalCode, number>>> = {
  missing_write_key: 401,
  forged_write_key: 403,
  write_key_revoked: 403,
  unknown_source: 403,
  source_disabled: 403,
  wrong_region: 403,
  not_found: 404,
  method_not_allowed: 405,
  unsupported_content_encoding: 415,
  unknown_host: 421,
  too_many_requests: 429,
  unavailable: 503,
  outside_region: 503,
  no_regional_host: 503,
};

const SUCCESS = JSON.stringify({ success: true });
const BAD_REQUEST = 400;
const SECOND_MS = 1000;

/** The HTTP status of a refusal; SDKs keep data on 429 and 503 and drop it on the others. */
export function statusOf(code: RefusalCode): number {
  return STATUSES[code] ?? BAD_REQUEST;
}

/** The one answer to what was taken: anything else makes some SDK send it again. */
export function success(headers: Readonly<Record<string, string>>): Response {
  return new Response(SUCCESS, { headers: { ...headers, "Content-Type": "application/json" } });
}

/** The answer to what was not taken. SDKs need all four members: Python retries without `code`. */
export function refuse(refusal: Refusal): Response {
  const { code, message } = refusal;
  const headers = new Headers();
  if (refusal.allow !== undefined) headers.set("Allow", refusal.allow);
  if (refusal.retryAfterMs !== undefined) {
    const seconds = String(Math.max(1, Math.ceil(refusal.retryAfterMs / SECOND_MS)));
    headers.set("Retry-After", seconds);
    if (code === "too_many_requests") headers.set("X-RateLimit-Reset", seconds);
  }
  return Response.json(
    { success: false, code, message, error: message },
    { status: refusal.status ?? statusOf(code), headers },
  );
}
