import type { IRequest } from "itty-router";

import { ok, type Result } from "../core/result.ts";
import {
  deriveIdempotency,
  IDEMPOTENCY_KEY_CHARS_MAX,
  type Idempotency,
} from "../workspace/idempotency.ts";
import type { ApiServices } from "../workspace/ports.ts";
import { parseJson, readBody } from "./body.ts";
import { tellCaller, type Caller } from "./caller.ts";
import { checkEdge, countInside } from "./edge.ts";
import type { Operation } from "./operation.ts";
import { refuse, type Problem } from "./problem.ts";

/** Seconds after which a call that met an object that did not answer is worth repeating. */
const RETRY_AFTER_SECONDS = 5;

/** The caller is told before the body is read, and the body is read before anything is asked. */
export async function answerTo(
  operation: Operation,
  request: IRequest & Request,
  services: ApiServices,
  authorization: string | null,
): Promise<Result<unknown, Problem>> {
  const { access } = operation;
  const caller = tellCaller(authorization, access, services.config.operatorToken);
  if (!caller.ok) return caller;
  const edge = await checkEdge(operation, request, caller.value, services);
  if (!edge.ok) return edge;
  const bytes = await readBody(request);
  if (!bytes.ok) return bytes;
  const body = parseJson(bytes.value, request.headers.get("content-type"));
  if (!body.ok) return body;
  const idempotency = readIdempotency(operation, request, caller.value, bytes.value);
  if (!idempotency.ok) return idempotency;
  const answer = await operation.run({
    services,
    caller: caller.value,
    params: request.params,
    query: Object.fromEntries(new URL(request.url).searchParams),
    body: body.value,
    idempotency: idempotency.value,
  });
  countInside(request, caller.value, answer, services);
  return answer;
}

/** Only POSTs take an Idempotency-Key: the other methods can be repeated as they are. */
function readIdempotency(
  operation: Operation,
  request: Request,
  caller: Caller,
  body: Uint8Array,
): Result<Idempotency | undefined, Problem> {
  const key = request.headers.get("idempotency-key");
  if (key === null || operation.method !== "POST") return ok(undefined);
  if (!/^[\u0021-\u007e]+$/.test(key) || key.length > IDEMPOTENCY_KEY_CHARS_MAX) {
    const wanted = `1 to ${IDEMPOTENCY_KEY_CHARS_MAX} printable characters without spaces`;
    return refuse("invalid_idempotency_key", `Send ${wanted}.`);
  }
  const path = new URL(request.url).pathname;
  // A call that anybody may make carries its secret in its body: an invite.
  const secret = caller.kind === "anybody" ? new TextDecoder().decode(body) : caller.secret;
  return ok(deriveIdempotency({ secret, key, method: operation.method, path, body }));
}

/** A fault of an object or of the platform can be waited out; one of this Worker cannot. */
export function faultOf(error: unknown): Problem {
  const requestId = crypto.randomUUID();
  if (isRemote(error)) {
    return {
      code: "unavailable",
      detail: "An object of the region did not answer. Repeat the call.",
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      requestId,
    };
  }
  return { code: "internal", detail: "Tell the operator this request id.", requestId };
}

function isRemote(error: unknown): boolean {
  return (
    error instanceof Error && ["remote", "retryable", "overloaded"].some((flag) => flag in error)
  );
}
