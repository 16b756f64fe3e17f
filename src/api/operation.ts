import { optional, strictObject, type GenericSchema, type InferOutput } from "valibot";

import type { WorkspaceId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Idempotency } from "../workspace/idempotency.ts";
import type { AdminCall, Answer, WorkspaceAdminPort } from "../workspace/ports.ts";
import type { Need } from "../workspace/rights.ts";
import { check } from "./body.ts";
import type { Caller } from "./caller.ts";
import type { Problem, ProblemCode } from "./problem.ts";
import { problemOf } from "./refusals.ts";
import type { ApiServices } from "../workspace/ports.ts";

/**
 * One call of the management API. The list of them is what the router mounts and what the OpenAPI
 * document is written from, so that neither can say something else than the other.
 */
export type Operation = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As itty-router writes it, `/api/v1/sources/:id`. */
  readonly path: string;
  readonly summary: string;
  /** Who may call: everybody, the operator, or a token that allows this. */
  readonly access: "public" | "operator" | Need;
  readonly body: GenericSchema;
  readonly query: GenericSchema;
  readonly status: number;
  readonly answer: GenericSchema;
  /** Content types besides JSON; the call then hands over a `Response` of its own. */
  readonly media: readonly string[];
  /** Whether it is never JSON. */
  readonly isMediaOnly: boolean;
  /** Codes of its own, besides those any call may meet. */
  readonly problems: readonly ProblemCode[];
  run(incoming: Incoming): Promise<Result<unknown, Problem>>;
};

/** A request whose caller was told and whose body was read; nothing else is checked yet. */
export type Incoming = {
  readonly services: ApiServices;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly idempotency: Idempotency | undefined;
};

const NO_QUERY = strictObject({});
const NO_BODY = optional(strictObject({}));

type Spec<B extends GenericSchema, Q extends GenericSchema, I> = Pick<
  Operation,
  "method" | "path" | "summary" | "answer"
> & {
  readonly body?: B;
  readonly query?: Q;
  readonly status?: number;
  readonly media?: readonly string[];
  readonly isMediaOnly?: boolean;
  readonly problems?: readonly ProblemCode[];
  handle(
    input: I & { readonly body: InferOutput<B>; readonly query: InferOutput<Q> },
  ): Promise<Result<unknown, Problem>>;
};

type OpenInput = Pick<Incoming, "services" | "caller" | "params" | "idempotency">;

type WorkspaceInput = OpenInput & {
  readonly workspaceId: WorkspaceId;
  readonly workspace: WorkspaceAdminPort;
  readonly call: AdminCall;
};

/** A call that needs no workspace's token. */
export function openOperation<
  B extends GenericSchema = typeof NO_BODY,
  Q extends GenericSchema = typeof NO_QUERY,
>(access: "public" | "operator", spec: Spec<B, Q, OpenInput>): Operation {
  return complete(access, spec, (incoming, checked) => spec.handle({ ...incoming, ...checked }));
}

/** A call inside the workspace that the caller's token names. */
export function workspaceOperation<
  B extends GenericSchema = typeof NO_BODY,
  Q extends GenericSchema = typeof NO_QUERY,
>(need: Need, spec: Spec<B, Q, WorkspaceInput>): Operation {
  return complete(need, spec, async (incoming, checked) => {
    const { caller, idempotency, services } = incoming;
    if (caller.kind !== "token") return err(problemOf({ kind: "unauthenticated" }));
    const { workspaceId, credential } = caller;
    return spec.handle({
      ...incoming,
      ...checked,
      workspaceId,
      workspace: services.workspaceAdmin(workspaceId),
      call: { credential, need, ...(idempotency === undefined ? {} : { idempotency }) },
    });
  });
}

/**
 * The call without its Idempotency-Key: for one of several calls that make up an operation, whose
 * answers must not be taken for each other's.
 */
export function plainCall({ credential, need }: AdminCall): AdminCall {
  return { credential, need };
}

/** The answer of an object as the answer of a call: `shape` of its value, or its problem. */
export function answerWith<T>(
  answer: Answer<T>,
  shape: (value: T) => unknown,
): Result<unknown, Problem> {
  return answer.ok ? ok(shape(answer.value)) : err(problemOf(answer.error));
}

type Checked<B extends GenericSchema, Q extends GenericSchema> = {
  readonly body: InferOutput<B>;
  readonly query: InferOutput<Q>;
};

function complete<B extends GenericSchema, Q extends GenericSchema, I>(
  access: Operation["access"],
  spec: Spec<B, Q, I>,
  handle: (incoming: Incoming, checked: Checked<B, Q>) => Promise<Result<unknown, Problem>>,
): Operation {
  // The defaults of B and Q are these schemas, so the casts only name what is there.
  const bodySchema = spec.body ?? (NO_BODY as unknown as B);
  const querySchema = spec.query ?? (NO_QUERY as unknown as Q);
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    access,
    body: bodySchema,
    query: querySchema,
    status: spec.status ?? 200,
    answer: spec.answer,
    media: spec.media ?? [],
    isMediaOnly: spec.isMediaOnly ?? false,
    problems: spec.problems ?? [],
    run: async (incoming) => {
      const query = check(querySchema, incoming.query, "invalid_query");
      if (!query.ok) return query;
      const body = check(bodySchema, incoming.body, "invalid_request");
      if (!body.ok) return body;
      return handle(incoming, { body: body.value, query: query.value });
    },
  };
}
