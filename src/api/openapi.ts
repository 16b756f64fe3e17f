import { toJsonSchema } from "@valibot/to-json-schema";
import { safeParse, type GenericSchema } from "valibot";

import { VERSION } from "../version.ts";
import type { Operation } from "./operation.ts";
import { PROBLEMS, statusesOf, type ProblemCode } from "./problem.ts";

type Json = Readonly<Record<string, unknown>>;

/** Codes that any call may be answered with. */
const ANYWHERE: readonly ProblemCode[] = [
  "invalid_query",
  "internal",
  "unavailable",
  "outside_region",
];
const WITH_BODY: readonly ProblemCode[] = [
  "invalid_json",
  "body_too_large",
  "unsupported_media_type",
  "invalid_request",
];
const WITH_TOKEN: readonly ProblemCode[] = ["unauthenticated", "forbidden"];
/** Once a workspace's own deletion has begun, it can only be looked at. */
const WITH_CHANGE: readonly ProblemCode[] = ["leaving_begun"];
const WITH_KEY: readonly ProblemCode[] = [
  "invalid_idempotency_key",
  "idempotency_key_reused",
  "idempotency_in_progress",
];

/** The OpenAPI 3.1 document of the calls, written from the schemas that check them. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: describe(operation),
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Homeport management API", version: VERSION },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A workspace's API token" },
        operator: {
          type: "http",
          scheme: "bearer",
          description: "The deployment's operator token",
        },
      },
      schemas: { Problem: PROBLEM_SCHEMA },
    },
    paths,
  };
}

function describe(operation: Operation): Json {
  const { access, body, method, status, summary } = operation;
  const takesBody = method !== "GET" && method !== "DELETE" && !safeParse(body, undefined).success;
  return {
    summary,
    ...(access === "public"
      ? { security: [] }
      : { security: [{ [access === "operator" ? "operator" : "token"]: [] }] }),
    ...(access === "public" || access === "operator" ? {} : { "x-right": access }),
    parameters: [
      ...pathParameters(operation.path),
      ...queryParameters(operation),
      ...keyHeader(method),
    ],
    ...(takesBody ? { requestBody: { required: true, content: json(body) } } : {}),
    responses: {
      [status]: { description: "Done", content: contentOf(operation) },
      ...problemResponses(operation, takesBody),
    },
  };
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query }: Operation): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function keyHeader(method: Operation["method"]): readonly Json[] {
  if (method !== "POST") return [];
  const description = "Makes the call safe to repeat for 24 hours";
  return [
    {
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description,
      schema: { type: "string", maxLength: 255 },
    },
  ];
}

/** One response per status, listing the codes it may carry. */
function problemResponses(operation: Operation, takesBody: boolean): Json {
  const codes = [
    ...operation.problems,
    ...ANYWHERE,
    ...(takesBody ? WITH_BODY : []),
    ...(operation.access === "public" ? [] : WITH_TOKEN),
    ...(["public", "operator", "read"].includes(operation.access) ? [] : WITH_CHANGE),
    ...(operation.method === "POST" ? WITH_KEY : []),
    ...(operation.path.includes(":") ? (["not_found"] as const) : []),
  ];
  const responses: Record<string, Json> = {};
  for (const status of new Set(codes.flatMap(statusesOf))) {
    const here = codes.filter((code) => statusesOf(code).includes(status));
    responses[status] = {
      description: here.join(", "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return responses;
}

function contentOf({ answer, media, isMediaOnly }: Operation): Json {
  const texts = media.map((type) => [type, { schema: { type: "string" } }] as const);
  return { ...(isMediaOnly ? {} : json(answer)), ...Object.fromEntries(texts) };
}

function json(schema: GenericSchema): Json {
  return { "application/json": { schema: schemaOf(schema) } };
}

/** Checks that JSON Schema cannot say are left out of the document; the call still makes them. */
function schemaOf(schema: GenericSchema): Json {
  const { $schema: _$schema, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    ignoreActions: ["check", "transform"],
  });
  return rest;
}

const PROBLEM_SCHEMA: Json = {
  type: "object",
  required: ["type", "title", "status", "code", "detail"],
  properties: {
    type: { type: "string", description: "The code" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(PROBLEMS) },
    detail: { type: "string" },
    requestId: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
  },
};
