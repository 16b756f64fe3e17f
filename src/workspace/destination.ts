import type { ChildId, DestinationId, HomeRegion, SourceId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { canEnable, prepareEnable } from "../deliver/catalogue/can-enable.ts";
import type { DestinationKind, SettingField } from "../deliver/deliverer.ts";
import { ownProblems } from "../deliver/own.ts";
import { filterProblems, FILTERS_MAX, type Filter } from "../deliver/filter/filter.ts";

export type FilterId = ChildId<"flt">;

/** A destination filter with the id that the management API knows it by. */
export type StoredFilter = Filter & { readonly id: FilterId };

/** A destination as its Workspace keeps it: everything but its secrets. */
export type Destination = {
  readonly id: DestinationId;
  readonly sourceId: SourceId;
  /** Which destination of the catalogue it is. */
  readonly slug: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names of the secret settings that were given. */
  readonly secretFields: readonly string[];
  readonly mappings: readonly unknown[];
  readonly hosts: readonly string[];
  readonly consentCategories: readonly string[];
  readonly filters: readonly StoredFilter[];
  /** Hours for which an event is tried. */
  readonly retryHours: number;
  /** Counts up with every change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly deletedAtMs?: number;
};

/** What a creation may say. */
export type DestinationDraft = {
  readonly name: string;
  readonly slug: string;
  readonly sourceId: string;
} & DestinationPatch;

/** What a change may say; what is left out stays, and of `settings` what is not named. */
export type DestinationPatch = {
  readonly name?: string;
  readonly enabled?: boolean;
  /** With secrets among them; null takes a setting away. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly mappings?: readonly unknown[];
  readonly hosts?: readonly string[];
  readonly consentCategories?: readonly string[];
  readonly retryHours?: number;
};

/** What a change of a filter may say. */
export type FilterPatch = Partial<Filter>;

export type DestinationRefusal =
  | { readonly kind: "destination-not-offered" }
  | {
      readonly kind: "no-endpoint-in-region";
      readonly name: string;
      readonly home: HomeRegion;
      readonly why: string;
      /** What would do instead, one sentence each. */
      readonly alternatives: readonly string[];
    }
  /** What is wrong, naming settings and quoting no value. */
  | { readonly kind: "destination-settings-invalid"; readonly problems: readonly string[] }
  | { readonly kind: "filters-invalid"; readonly problems: readonly string[] };

/** Hours for which an event is tried unless its destination says otherwise: Segment's four. */
export const RETRY_HOURS_DEFAULT = 4;
export const RETRY_HOURS_MAX = 72;

/** Destinations of one workspace, deleted ones included. */
export const DESTINATIONS_MAX = 500;

/** What of a change is secret and goes to a place of its own; null takes it away. */
export type SecretChanges = ReadonlyMap<string, string | null>;

export type Changed = {
  readonly destination: Destination;
  readonly secrets: SecretChanges;
};

/** A new destination, or why this home or this kind cannot have it. */
export function createDestination(
  draft: DestinationDraft,
  kind: DestinationKind | undefined,
  origin: {
    readonly id: DestinationId;
    readonly sourceId: SourceId;
    readonly home: HomeRegion;
    readonly nowMs: number;
  },
): Result<Changed, DestinationRefusal> {
  const { id, sourceId, nowMs } = origin;
  const empty: Destination = {
    id,
    sourceId,
    slug: draft.slug,
    name: draft.name,
    enabled: true,
    settings: {},
    secretFields: [],
    mappings: [],
    hosts: [],
    consentCategories: [],
    filters: [],
    retryHours: RETRY_HOURS_DEFAULT,
    version: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const { slug: _slug, sourceId: _sourceId, ...patch } = draft;
  return patchDestination(empty, patch, kind, origin);
}

/** The destination after a change, of the next version, and what of it is secret. */
export function patchDestination(
  held: Destination,
  patch: DestinationPatch,
  kind: DestinationKind | undefined,
  { home, nowMs }: { readonly home: HomeRegion; readonly nowMs: number },
): Result<Changed, DestinationRefusal> {
  if (kind === undefined) return err({ kind: "destination-not-offered" });
  const { settings: given = {}, ...rest } = patch;
  const problems = settingProblems(given, kind);
  if (problems.length > 0) return err({ kind: "destination-settings-invalid", problems });
  const { settings, secrets } = apart(held.settings, given, kind);
  const secretFields = new Set(held.secretFields);
  for (const [field, value] of secrets) {
    if (value === null) secretFields.delete(field);
    else secretFields.add(field);
  }
  const destination: Destination = nextDestination(
    { ...held, ...rest, settings, secretFields: [...secretFields] },
    nowMs,
  );
  const refusal = destination.enabled ? refuseEnabling(destination, kind, home) : undefined;
  return refusal === undefined ? ok({ destination, secrets }) : err(refusal);
}

/** The destination as a new version. */
export function nextDestination(destination: Destination, nowMs: number): Destination {
  return { ...destination, version: destination.version + 1, updatedAtMs: nowMs };
}

/** The destination as deleted; its row stays, because its dead letters do. */
export function deleteDestination(held: Destination, nowMs: number): Destination {
  const deleted = { ...held, enabled: false, secretFields: [], settings: {}, deletedAtMs: nowMs };
  return nextDestination(deleted, nowMs);
}

/** The destination with other filters. */
export function withFilters(
  held: Destination,
  filters: readonly StoredFilter[],
  nowMs: number,
): Result<Destination, DestinationRefusal> {
  const problems = filterProblems(filters);
  if (problems.length > 0) return err({ kind: "filters-invalid", problems });
  return ok(nextDestination({ ...held, filters }, nowMs));
}

export { FILTERS_MAX };

/** Why a destination cannot be on; `undefined` when it can. */
function refuseEnabling(
  destination: Destination,
  kind: DestinationKind,
  home: HomeRegion,
): DestinationRefusal | undefined {
  const missing = kind.settings
    .filter(({ isRequired }) => isRequired)
    .filter(({ key, isSecret }) =>
      isSecret ? !destination.secretFields.includes(key) : !(key in destination.settings),
    )
    .map(({ key }) => `${key} is missing`);
  const { level, note } = kind.regions[home];
  if (level === "none") {
    const why = note ?? "Its vendor names no endpoint there.";
    const refused = kind.origin === "kit" ? canEnable(kind.slug, home) : undefined;
    const alternatives =
      refused?.ok === false && refused.error.kind === "no_endpoint_in_region"
        ? refused.error.alternatives
        : [];
    return { kind: "no-endpoint-in-region", name: kind.name, home, why, alternatives };
  }
  const found = new Set([...missing, ...endpointProblems(destination, kind, home)]);
  const problems = [...found];
  return problems.length > 0 ? { kind: "destination-settings-invalid", problems } : undefined;
}

/** What keeps a destination from having its endpoint in the region. */
function endpointProblems(
  { slug, settings, hosts }: Destination,
  { origin }: DestinationKind,
  home: HomeRegion,
): readonly string[] {
  if (origin !== "kit") return ownProblems(slug, home, { settings, declaredHosts: hosts });
  const prepared = prepareEnable(slug, home, { settings, declaredHosts: hosts });
  if (prepared.ok) return [];
  const refusal = prepared.error;
  switch (refusal.kind) {
    case "setting_not_in_region":
      return [`${refusal.setting} has to be one of ${refusal.allowed.join(", ")}`];
    case "host_not_declared":
      return [`hosts has to name ${refusal.hosts.join(", ")}`];
    case "no_endpoint_in_region":
      return [refusal.reason];
    case "unknown_destination":
      return ["the catalogue has no such destination"];
  }
}

function settingProblems(
  given: Readonly<Record<string, unknown>>,
  kind: DestinationKind,
): readonly string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const field = kind.settings.find((each) => each.key === key);
    if (field === undefined) return [`there is a setting that ${kind.name} does not have`];
    if (value === null) return [];
    if (!isOfType(value, field)) return [`${field.key} has to be a ${field.type}`];
    const { choices } = field;
    if (choices === undefined || choices.some((choice) => choice === value)) return [];
    return [`${field.key} has to be one of ${choices.join(", ")}`];
  });
}

function isOfType(value: unknown, { type, isSecret }: SettingField): boolean {
  // A secret is text whatever it is for: only text can be sealed.
  if (isSecret) return typeof value === "string" && value !== "";
  switch (type) {
    case "list":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && !Array.isArray(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
  }
}

/** Parts settings from secrets, and merges what is given over what is held. */
function apart(
  held: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  kind: DestinationKind,
): { settings: Readonly<Record<string, unknown>>; secrets: SecretChanges } {
  const isSecret = (key: string): boolean =>
    kind.settings.some((field) => field.key === key && field.isSecret);
  const plain = Object.entries(given).filter(([key]) => !isSecret(key));
  const merged = { ...held, ...Object.fromEntries(plain) };
  const settings = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  const secrets = new Map(
    Object.entries(given)
      .filter(([key]) => isSecret(key))
      .map(([key, value]) => [key, typeof value === "string" ? value : null] as const),
  );
  return { settings, secrets };
}
