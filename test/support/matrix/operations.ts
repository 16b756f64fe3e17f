import type { TestSource } from "../homeport.ts";

/** One call of the OpenAPI document. */
export type ListedOperation = {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  /** JSON Schema of the body; absent when it takes none. */
  readonly bodySchema: Schema | undefined;
  readonly security: "public" | "operator" | "token";
};

/** What a call may need, made anew for each fault. */
export type Fixture = {
  readonly operatorToken: string;
  readonly source: TestSource;
  /** A source that nobody will miss. */
  readonly spare: TestSource;
  readonly spareTokenId: string;
  readonly destinationId: string;
  /** Leads to files in the region's bucket. */
  readonly connectionId: string;
  readonly messageId: string;
  readonly invite: string;
  /** An owner of a workspace that nobody will miss. */
  readonly leaverToken: string;
  /** The workspace's configuration as it was exported. */
  readonly config: unknown;
};

type Schema = {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly minItems?: number;
};

type OpenApi = {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly security?: readonly Readonly<Record<string, unknown>>[];
            readonly requestBody?: {
              readonly content: { readonly "application/json"?: { readonly schema?: Schema } };
            };
          }
        >
      >
    >
  >;
};

/** Every operation of the document that a running Homeport gives of itself. */
export function operationsOf(document: unknown): readonly ListedOperation[] {
  return Object.entries((document as OpenApi).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      bodySchema: operation.requestBody?.content["application/json"]?.schema,
      security:
        operation.security?.length === 0
          ? "public"
          : operation.security?.some((kind) => "operator" in kind) === true
            ? "operator"
            : "token",
    })),
  );
}

/** The request that makes the operation do as much as it can, with what the fixture has. */
export function requestOf(operation: ListedOperation, fixture: Fixture): Request {
  const { method, path, security } = operation;
  const isDestructive = method === "DELETE";
  const source = isDestructive ? fixture.spare : fixture.source;
  const values: Readonly<Record<string, string>> = {
    messageId: fixture.messageId,
    version: "1",
    id: idFor(path, source.id, fixture),
  };
  const filled = path.replaceAll(/\{(\w+)\}|:(\w+)/g, (_all, braced, plain) =>
    encodeURIComponent(values[String(braced ?? plain)] ?? "none"),
  );
  const query = queryOf(operation);
  const isLeaving = isDestructive && path === "/api/v1/workspace";
  const owner = isLeaving ? fixture.leaverToken : source.workspace.token;
  const token = security === "operator" ? fixture.operatorToken : owner;
  const body = bodyOf(operation, fixture);
  return new Request(`http://homeport.invalid${filled}${query}`, {
    method,
    headers: {
      ...(security === "public" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** A folder of the fixture's connection. */
const FOLDER = { kind: "folder", prefix: "people/", format: "csv", files: "newest" };

function queryOf({ method, path }: ListedOperation): string {
  if (path.endsWith("/workspace/config") && method === "PUT") return "?plan=true";
  return path.endsWith("/columns") ? `?table=${encodeURIComponent("people/*.csv")}` : "";
}

function idFor(path: string, sourceId: string, fixture: Fixture): string {
  if (path.includes("/tokens/")) return fixture.spareTokenId;
  if (path.includes("/connections/")) return fixture.connectionId;
  return path.includes("/destinations/") ? fixture.destinationId : sourceId;
}

function bodyOf({ path, method, bodySchema }: ListedOperation, fixture: Fixture): unknown {
  if (bodySchema === undefined || method === "GET") return undefined;
  if (path.endsWith("/invites/redeem")) return { invite: fixture.invite };
  if (path.endsWith("/workspaces")) return { name: "made by the matrix", region: "eu" };
  if (path.endsWith("/workspace/config")) return fixture.config;
  if (path.endsWith("/replays")) return replayOf(fixture);
  if (path.endsWith("/preview") && path.includes("/connections/")) return { model: FOLDER };
  return exampleOf(bodySchema);
}

/** All that the source has, to its destination. */
function replayOf({ source, destinationId }: Fixture): unknown {
  const dayMs = 86_400_000;
  const [from, to] = [-dayMs, dayMs].map((ms) => new Date(Date.now() + ms).toISOString());
  return { sourceId: source.id, destinationId, from, to };
}

/** A value that the schema allows, with nothing in it that is not required. */
function exampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return exampleOf(first);
  switch (schema.type ?? "string") {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, exampleOf(schema.properties?.[name] ?? {})]),
      );
    case "array":
      return (schema.minItems ?? 0) > 0 ? [exampleOf(schema.items ?? {})] : [];
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    default:
      return "example";
  }
}
