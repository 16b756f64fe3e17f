import {
  getDotPath,
  safeParse,
  type BaseIssue,
  type GenericSchema,
  type InferOutput,
} from "valibot";

import { concatBytes } from "../core/bytes.ts";
import { ok, type Result } from "../core/result.ts";
import { refuse, type FieldError, type Problem, type ProblemCode } from "./problem.ts";

/** Bytes of a request body; the largest is a config document of a thousand sources. */
export const BODY_BYTES_MAX = 1_000_000;

/** Errors named in one answer; more would only repeat the pattern. */
const ERRORS_MAX = 20;

/** Reads the body up to {@link BODY_BYTES_MAX}, whatever its length was said to be. */
export async function readBody(request: Request): Promise<Result<Uint8Array, Problem>> {
  if (request.body === null) return ok(new Uint8Array());
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > BODY_BYTES_MAX) {
      await reader.cancel();
      return refuse("body_too_large", `At most ${BODY_BYTES_MAX} bytes.`);
    }
    parts.push(value);
  }
  return ok(concatBytes(parts));
}

/** The JSON value of a body. What the parser says stays inside: it quotes its input. */
export function parseJson(body: Uint8Array, contentType: string | null): Result<unknown, Problem> {
  if (body.byteLength === 0) return ok(undefined);
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType ?? "")) {
    return refuse("unsupported_media_type", "Send Content-Type: application/json.");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
    return ok(JSON.parse(text) as unknown);
  } catch {
    return refuse("invalid_json", "The body cannot be parsed as UTF-8 JSON.");
  }
}

/** The value as its schema types it, or what is wrong with it, field by field. */
export function check<S extends GenericSchema>(
  schema: S,
  value: unknown,
  code: ProblemCode,
): Result<InferOutput<S>, Problem> {
  const parsed = safeParse(schema, value);
  if (parsed.success) return ok(parsed.output);
  const errors: FieldError[] = parsed.issues.slice(0, ERRORS_MAX).map((issue) => ({
    path: getDotPath(issue) ?? "",
    message: wording(issue),
  }));
  return refuse(code, `${errors.length} fields are wrong.`, { errors });
}

/** What was wanted, never what was sent: a name or a secret in the wrong place is not repeated. */
function wording(issue: BaseIssue<unknown>): string {
  if (issue.type === "strict_object" && issue.path !== undefined) {
    return issue.expected === "never" ? "is not a field of this call" : "is missing";
  }
  if (issue.type === "regex") return `has to be ${issue.message}`;
  if (issue.type === "check") return issue.message;
  return issue.expected === null ? "is not allowed" : `has to be ${issue.expected}`;
}
