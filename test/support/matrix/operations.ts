import { CENSUS_OPERATIONS } from "../../../src/api/census/operations.ts";
import { openApiDocument } from "../../../src/api/openapi.ts";
import type { TestSource } from "../homeport.ts";
import { FOLDER_PREFIX, type SyncFixture } from "./sync-fixture.ts";

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
  /** Absent where nothing answers for syncs. */
  readonly syncs: SyncFixture | undefined;
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

/** Census's calls, of which a running Homeport gives no document, as one. */
export const CENSUS_DOCUMENT: unknown = openApiDocument(CENSUS_OPERATIONS);

/** Every operation of the document that a running Homeport gives of itself, and Census's, of which it gives none. */
export function operationsOf(document: unknown): readonly ListedOperation[] {
  return [document, CENSUS_DOCUMENT].flatMap(operationsIn);
}

function operationsIn(document: unknown): readonly ListedOperation[] {
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
    run: "1",
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
const FOLDER = { kind: "folder", prefix: FOLDER_PREFIX, format: "csv", files: "newest" };
/** Of runs of one sync, as src/api/census/numbers.ts numbers them. */
const RUNS_PER_SYNC = 10_000_000;

function queryOf({ method, path }: ListedOperation): string {
  if (path.endsWith("/workspace/config") && method === "PUT") return "?plan=true";
  return path.endsWith("/columns") ? `?table=${encodeURIComponent("people/*.csv")}` : "";
}

function idFor(path: string, sourceId: string, fixture: Fixture): string {
  if (path.includes("/tokens/")) return fixture.spareTokenId;
  if (path.startsWith("/census/")) return censusIdFor(path, fixture);
  if (path.includes("/connections/")) return fixture.syncs?.connectionId ?? "none";
  if (path.endsWith("/syncs/{id}/trigger")) return fixture.syncs?.runningSyncId ?? "none";
  if (path.includes("/syncs/")) return fixture.syncs?.syncId ?? "none";
  return path.includes("/destinations/") ? fixture.destinationId : sourceId;
}

/** Census's clients know everything by a number. */
function censusIdFor(path: string, { syncs }: Fixture): string {
  if (path.includes("/sync_runs/")) return String((syncs?.syncNumber ?? 0) * RUNS_PER_SYNC + 1);
  if (path.endsWith("/trigger")) return String(syncs?.runningSyncNumber ?? 0);
  return String(path.includes("/syncs/") ? (syncs?.syncNumber ?? 0) : 1);
}

function bodyOf({ path, method, bodySchema }: ListedOperation, fixture: Fixture): unknown {
  if (bodySchema === undefined || method === "GET") return undefined;
  if (path.endsWith("/invites/redeem")) return { invite: fixture.invite };
  if (path.endsWith("/workspaces")) return { name: "made by the matrix", region: "eu" };
  if (path.endsWith("/workspace/config")) return fixture.config;
  if (path.endsWith("/replays")) return replayOf(fixture);
  if (path === "/api/v1/syncs" && fixture.syncs !== undefined) return fixture.syncs.draft;
  if (path === "/api/v1/syncs/{id}") return { label: "example" };
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
