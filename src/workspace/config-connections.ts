import { isChildId, type HomeRegion } from "../core/ids.ts";
import type {
  Connection,
  ConnectionDraft,
  ConnectionHome,
  ConnectionPatch,
  ConnectionRefusal,
} from "../sync/connection/connection.ts";
import type { ConnectionKind } from "../sync/connection/kinds.ts";
import { connectionProblems } from "../sync/connection/settings.ts";
import type { ConnectionId } from "../sync/sync.ts";
import { changedFields, type PlanEntry } from "./config-document.ts";

/** A connection as a document has it. Its secrets are only named: they have to be given again. */
export type ConfigConnection = {
  readonly id?: string;
  readonly kind: ConnectionKind;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly string[];
  readonly hosts: readonly string[];
};

export type ConnectionStep = {
  readonly entry: PlanEntry;
  readonly act?:
    | { readonly kind: "create"; readonly draft: ConnectionDraft }
    | { readonly kind: "update"; readonly id: ConnectionId; readonly patch: ConnectionPatch }
    | { readonly kind: "delete"; readonly id: ConnectionId };
};

/** The connections of a document. */
export function exportConnections(held: readonly Connection[]): readonly ConfigConnection[] {
  return held.map(({ id, kind, name, settings, secretFields, hosts }) => ({
    id,
    kind,
    name,
    settings,
    secrets: secretFields,
    hosts,
  }));
}

/**
 * What applying a document does to connections. One that is not known to be in this region is listed
 * and not made: data cannot follow, and hosts that were declared to be in another region are not here.
 */
export function planConnections(
  held: readonly Connection[],
  wanted: readonly ConfigConnection[],
  place: ConnectionHome & { readonly from: HomeRegion; readonly prune: boolean },
): readonly ConnectionStep[] {
  const left = new Map(held.map((connection) => [connection.id, connection]));
  const steps = wanted.map((connection) => {
    const match = findMatch(connection, left);
    if (match !== undefined) left.delete(match.id);
    return planConnection(connection, match, place);
  });
  if (!place.prune) return steps;
  const gone = [...left.values()].map(({ id, name }): ConnectionStep => {
    const entry = { ...lineOf(name), action: "delete", id, fields: [], notes: [] } as const;
    return { entry, act: { kind: "delete", id } };
  });
  return [...steps, ...gone];
}

function findMatch(
  { id = "", kind, name }: ConfigConnection,
  left: ReadonlyMap<ConnectionId, Connection>,
): Connection | undefined {
  const byId = isChildId("con", id) ? left.get(id) : undefined;
  if (byId !== undefined) return byId.kind === kind ? byId : undefined;
  return [...left.values()].find((held) => held.name === name && held.kind === kind);
}

function planConnection(
  given: ConfigConnection,
  match: Connection | undefined,
  place: ConnectionHome & { readonly from: HomeRegion },
): ConnectionStep {
  const { kind, name, settings } = given;
  const line = lineOf(name);
  const hosts = place.from === place.home ? given.hosts : [];
  const refusal = connectionProblems({ kind, settings, hosts }, place);
  if (refusal !== undefined) {
    const notes = [`It cannot follow to ${place.home}. ${whyNot(refusal)}`];
    return { entry: { ...line, action: "not-applicable", fields: [], notes } };
  }
  if (match === undefined) {
    const secrets = given.secrets ?? [];
    const notes =
      secrets.length === 0 ? [] : [`Of no use until its secrets are given: ${secrets.join(", ")}.`];
    const entry = { ...line, action: "create", fields: [], notes } as const;
    return { entry, act: { kind: "create", draft: { kind, name, settings, hosts } } };
  }
  const { id } = match;
  const before = { name: match.name, settings: match.settings, hosts: match.hosts };
  const fields = changedFields(before, { name, settings, hosts });
  if (fields.length === 0)
    return { entry: { ...line, action: "unchanged", id, fields, notes: [] } };
  const gone = Object.keys(match.settings).filter((key) => !(key in settings));
  const taken = Object.fromEntries(gone.map((key) => [key, null]));
  const patch = { name, hosts, settings: { ...taken, ...settings } };
  return {
    entry: { ...line, action: "update", id, fields, notes: [] },
    act: { kind: "update", id, patch },
  };
}

function lineOf(name: string): Pick<PlanEntry, "kind" | "name"> {
  return { kind: "connection", name };
}

function whyNot(refusal: ConnectionRefusal): string {
  switch (refusal.kind) {
    case "connection-not-in-region":
      return refusal.why;
    case "connection-settings-invalid":
      return `${refusal.problems.join("; ")}.`;
    case "connection-in-use":
      return "Syncs use it.";
  }
}
