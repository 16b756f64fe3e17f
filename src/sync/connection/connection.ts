import type { HomeRegion } from "../../core/ids.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { SettingField } from "../../deliver/deliverer.ts";
import type { ConnectionId } from "../sync.ts";
import { CONNECTION_KINDS, type ConnectionKind } from "./kinds.ts";
import { connectionProblems } from "./settings.ts";

/** A connection as its workspace keeps it: everything but its secrets. */
export type Connection = {
  readonly id: ConnectionId;
  readonly kind: ConnectionKind;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names of the secret settings that were given. */
  readonly secretFields: readonly string[];
  /** Hosts that the workspace says are in its region. */
  readonly hosts: readonly string[];
  /** Rises with every change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly deletedAtMs?: number;
};

/** What a change may say; what is left out stays, and of `settings` what is not named. */
export type ConnectionPatch = {
  readonly name?: string;
  /** With secrets among them; null takes a setting away. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly hosts?: readonly string[];
};

export type ConnectionDraft = ConnectionPatch & {
  readonly name: string;
  readonly kind: ConnectionKind;
};

export type ConnectionRefusal =
  /** What is wrong, naming settings and quoting no secret. */
  | { readonly kind: "connection-settings-invalid"; readonly problems: readonly string[] }
  /** The host does not show the region, and nobody declared it; what would do stands in `why`. */
  | { readonly kind: "connection-not-in-region"; readonly home: HomeRegion; readonly why: string }
  | { readonly kind: "connection-in-use"; readonly syncs: number };

/** What of a change is secret and goes to a place of its own; null takes it away. */
export type ConnectionSecrets = ReadonlyMap<string, string | null>;

export type ChangedConnection = {
  readonly connection: Connection;
  readonly secrets: ConnectionSecrets;
};

/** Where a connection is judged to be. */
export type ConnectionHome = {
  readonly home: HomeRegion;
  readonly development: boolean;
  /** Whether the operator has a relay in the region. */
  readonly hasRelay: boolean;
};

/** By what a bucket is opened without a role. */
const BUCKET_KEYS: readonly string[] = ["accessKeyId", "secretAccessKey"];

/** Connections of one workspace, deleted ones included. */
export const CONNECTIONS_MAX = 200;

/**
 * A new connection, or why this home cannot have it. One that comes from a document may lack its
 * secrets, which no document holds.
 */
export function createConnection(
  draft: ConnectionDraft,
  place: ConnectionHome,
  {
    id,
    nowMs,
    mayLackSecrets = false,
  }: { readonly id: ConnectionId; readonly nowMs: number; readonly mayLackSecrets?: boolean },
): Result<ChangedConnection, ConnectionRefusal> {
  const { kind, name, ...patch } = draft;
  const empty: Connection = {
    id,
    kind,
    name,
    settings: {},
    secretFields: [],
    hosts: [],
    version: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  return patchConnection(empty, patch, place, { nowMs, mayLackSecrets });
}

/** The connection after a change, of the next version, and what of it is secret. */
export function patchConnection(
  held: Connection,
  { settings: given = {}, ...rest }: ConnectionPatch,
  place: ConnectionHome,
  { nowMs, mayLackSecrets = false }: { readonly nowMs: number; readonly mayLackSecrets?: boolean },
): Result<ChangedConnection, ConnectionRefusal> {
  const fields = CONNECTION_KINDS[held.kind].settings;
  const problems = givenProblems(given, fields);
  if (problems.length > 0) return err({ kind: "connection-settings-invalid", problems });
  const { settings, secrets } = apart(held.settings, given, fields);
  const secretFields = new Set(held.secretFields);
  for (const [field, value] of secrets) {
    if (value === null) secretFields.delete(field);
    else secretFields.add(field);
  }
  const changed = { ...held, ...rest, settings, secretFields: [...secretFields] };
  const refusal = missing(changed, fields, mayLackSecrets) ?? connectionProblems(changed, place);
  if (refusal !== undefined) return err(refusal);
  return ok({ connection: nextConnection(changed, nowMs), secrets });
}

/** The connection as deleted: its row stays, because runs name it; its secrets go. */
export function deleteConnection(held: Connection, nowMs: number): Connection {
  const deleted = { ...held, settings: {}, secretFields: [], hosts: [], deletedAtMs: nowMs };
  return nextConnection(deleted, nowMs);
}

function nextConnection(connection: Connection, nowMs: number): Connection {
  return { ...connection, version: connection.version + 1, updatedAtMs: nowMs };
}

function missing(
  { kind, settings, secretFields }: Connection,
  fields: readonly SettingField[],
  mayLackSecrets: boolean,
): ConnectionRefusal | undefined {
  // Whoever gives no role gives keys.
  const keys = kind === "files" && !("roleArn" in settings) ? BUCKET_KEYS : [];
  const isMissing = ({ key, isSecret }: Pick<SettingField, "key" | "isSecret">): boolean =>
    isSecret ? !secretFields.includes(key) && !mayLackSecrets : !(key in settings);
  const wanted = fields.filter(({ key, isRequired }) => isRequired || keys.includes(key));
  const problems = wanted.filter(isMissing).map(({ key }) => `${key} is missing`);
  return problems.length === 0 ? undefined : { kind: "connection-settings-invalid", problems };
}

function givenProblems(
  given: Readonly<Record<string, unknown>>,
  fields: readonly SettingField[],
): readonly string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const field = fields.find((each) => each.key === key);
    if (field === undefined) return ["there is a setting that this kind does not have"];
    if (value === null) return [];
    // A secret is text whatever it is for: only text can be sealed.
    const type = field.isSecret ? "string" : field.type;
    if (typeof value !== type || value === "") return [`${field.key} has to be a ${type}`];
    const isChoice = field.choices?.some((choice) => choice === value) ?? true;
    return isChoice ? [] : [`${field.key} has to be one of ${field.choices?.join(", ")}`];
  });
}

/** Parts settings from secrets, and merges what is given over what is held. */
function apart(
  held: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  fields: readonly SettingField[],
): { settings: Readonly<Record<string, unknown>>; secrets: ConnectionSecrets } {
  const isSecret = (key: string): boolean =>
    fields.some((field) => field.key === key && field.isSecret);
  const plain = Object.entries(given).filter(([key]) => !isSecret(key));
  const merged = Object.entries({ ...held, ...Object.fromEntries(plain) });
  const secrets = Object.entries(given)
    .filter(([key]) => isSecret(key))
    .map(([key, value]) => [key, typeof value === "string" ? value : null] as const);
  return {
    settings: Object.fromEntries(merged.filter(([, value]) => value !== null)),
    secrets: new Map(secrets),
  };
}
