import { object, optional, string, unknown } from "valibot";

import { PROBLEMS, statusesOf, type Problem } from "../problem.ts";

/** What Census says of a call that went well. */
export type Outcome = "success" | "created" | "updated" | "deleted" | "cancelled";

/** The body of an answer, as Census wraps it. */
export function envelope<T>(status: Outcome, data: T) {
  return { status, data } as const;
}

/** Every answer's shape; what is in it is described in docs/management-api.md. */
export const envelopeSchema = object({
  status: string(),
  data: optional(unknown()),
  pagination: optional(unknown()),
  api_key: optional(string()),
});

/** A refusal in Census's envelope, with our stable code beside its words. */
export function censusProblem(problem: Problem): Response {
  const { code, detail, errors, retryAfterSeconds, allow, requestId } = problem;
  const [passing = 500, final = passing] = statusesOf(code);
  const status = problem.isFinal === true ? final : passing;
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  if (allow !== undefined) headers.set("allow", allow.join(", "));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  const fields = (errors ?? []).map(({ path, message }) => `${path}: ${message}`);
  const body = {
    status: "error",
    message: [`${PROBLEMS[code].title}. ${detail}`, ...fields].join(" "),
    code,
    ...(requestId === undefined ? {} : { requestId }),
  };
  return new Response(JSON.stringify(body), { status, headers });
}
