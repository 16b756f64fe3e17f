import { isChildId, type DestinationId, type HomeRegion, type SourceId } from "../core/ids.ts";
import { canEnable } from "../deliver/catalogue/can-enable.ts";
import { catalogueEntry } from "../deliver/catalogue/catalogue.ts";
import type { DestinationKind } from "../deliver/deliverer.ts";
import type { Filter } from "../deliver/filter/filter.ts";
import { changedFields, type PlanEntry } from "./config-document.ts";
import type { Destination, DestinationPatch } from "./destination.ts";

/** A destination as a document has it. Its secrets are only named: they have to be given again. */
export type ConfigDestination = {
  readonly id?: string;
  /** The source's id in the same document; its name where it was written by hand. */
  readonly sourceId?: string;
  readonly sourceName: string;
  readonly slug: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly string[];
  readonly mappings: readonly unknown[];
  readonly hosts: readonly string[];
  readonly consentCategories: readonly string[];
  readonly filters: readonly Filter[];
  readonly retryHours: number;
};

/** What a document's destinations are compared with. */
export type HeldDestinations = {
  readonly home: HomeRegion;
  readonly destinations: readonly Destination[];
  kindOf(slug: string): DestinationKind | undefined;
  sourceName(id: SourceId): string;
};

export type DestinationStep = {
  readonly entry: PlanEntry;
  readonly act?:
    | { readonly kind: "create"; readonly wanted: ConfigDestination }
    | {
        readonly kind: "update";
        readonly id: DestinationId;
        readonly patch: DestinationPatch;
        readonly filters: readonly Filter[] | undefined;
      }
    | { readonly kind: "delete"; readonly id: DestinationId };
};

/** The destinations of a document. */
export function exportDestinations(held: HeldDestinations): readonly ConfigDestination[] {
  return held.destinations.map((destination) => ({
    id: destination.id,
    sourceId: destination.sourceId,
    sourceName: held.sourceName(destination.sourceId),
    slug: destination.slug,
    ...settingsOf(destination),
    secrets: destination.secretFields,
    filters: destination.filters.map(plainFilter),
  }));
}

/**
 * What applying a document does to destinations, after its sources. One that comes from another
 * region is mapped to this one: what selects the region, and hosts that were declared to be in the
 * other one, are left out. One whose vendor has no endpoint here is listed and not made.
 */
export function planDestinations(
  held: HeldDestinations,
  wanted: readonly ConfigDestination[],
  from: HomeRegion,
  prune: boolean,
): readonly DestinationStep[] {
  const left = new Map(held.destinations.map((destination) => [destination.id, destination]));
  const steps = wanted.map((destination) => {
    const match = findMatch(held, destination, left);
    if (match !== undefined) left.delete(match.id);
    return planDestination(held, from, destination, match);
  });
  if (!prune) return steps;
  const gone = [...left.values()].map(({ id, name }): DestinationStep => {
    const entry = {
      action: "delete",
      kind: "destination",
      id,
      name,
      fields: [],
      notes: [],
    } as const;
    return { entry, act: { kind: "delete", id } };
  });
  return [...steps, ...gone];
}

function findMatch(
  held: HeldDestinations,
  wanted: ConfigDestination,
  left: ReadonlyMap<DestinationId, Destination>,
): Destination | undefined {
  const { id = "" } = wanted;
  const byId = isChildId("dst", id) ? left.get(id) : undefined;
  if (byId !== undefined) return byId;
  return [...left.values()].find(
    ({ name, slug, sourceId }) =>
      name === wanted.name &&
      slug === wanted.slug &&
      held.sourceName(sourceId) === wanted.sourceName,
  );
}

function planDestination(
  held: HeldDestinations,
  from: HomeRegion,
  given: ConfigDestination,
  match: Destination | undefined,
): DestinationStep {
  const line = { kind: "destination", name: given.name } as const;
  const kind = held.kindOf(given.slug);
  const why = whyNot(held.home, given.slug, kind);
  if (why !== undefined) {
    return { entry: { ...line, action: "not-applicable", fields: [], notes: [why] } };
  }
  const { wanted, notes } = fitToHome(held.home, from, given);
  if (match === undefined) {
    const secrets = given.secrets ?? [];
    const off =
      secrets.length === 0 ? [] : [`Off until its secrets are given again: ${secrets.join(", ")}.`];
    const isOff = secrets.length > 0 || notes.length > 0;
    return {
      entry: { ...line, action: "create", fields: [], notes: [...notes, ...off] },
      act: { kind: "create", wanted: isOff ? { ...wanted, enabled: false } : wanted },
    };
  }
  const compared = settingsOf(match);
  const { filters, ...patch } = settingsOf(wanted);
  const fields = changedFields(
    { ...compared, filters: match.filters.map(plainFilter) },
    { ...patch, filters: filters.map(plainFilter) },
  );
  if (fields.length === 0) {
    return { entry: { ...line, action: "unchanged", id: match.id, fields, notes } };
  }
  return {
    entry: { ...line, action: "update", id: match.id, fields, notes },
    act: {
      kind: "update",
      id: match.id,
      patch: { ...patch, settings: replacing(match.settings, wanted.settings) },
      filters: fields.includes("filters") ? filters : undefined,
    },
  };
}

/** Why the home cannot have the destination at all. */
function whyNot(
  home: HomeRegion,
  slug: string,
  kind: DestinationKind | undefined,
): string | undefined {
  if (kind === undefined) return "This deployment does not offer it.";
  if (kind.regions[home].level !== "none") return undefined;
  const refused = canEnable(slug, home);
  const known = !refused.ok && refused.error.kind === "no_endpoint_in_region";
  const why = known ? refused.error.reason : "Its vendor names no endpoint there.";
  const instead = known ? refused.error.alternatives : [];
  return [`It cannot follow to ${home}.`, why, ...instead].join(" ");
}

/** The destination without what stands for the region that it comes from. */
function fitToHome(
  home: HomeRegion,
  from: HomeRegion,
  given: ConfigDestination,
): { readonly wanted: ConfigDestination; readonly notes: readonly string[] } {
  if (home === from) return { wanted: given, notes: [] };
  const selecting = catalogueEntry(given.slug)?.region?.setting;
  const settings = Object.fromEntries(
    Object.entries(given.settings).filter(([key]) => key !== selecting),
  );
  const hosts =
    given.hosts.length === 0
      ? []
      : [`Its hosts were declared to be in ${from}: name those that are in ${home}.`];
  return {
    wanted: { ...given, settings, hosts: [] },
    notes: [...hosts, `It is made for ${home}, and off: look it over and switch it on.`],
  };
}

function settingsOf<
  T extends Pick<
    ConfigDestination,
    | "name"
    | "enabled"
    | "settings"
    | "mappings"
    | "hosts"
    | "consentCategories"
    | "retryHours"
    | "filters"
  >,
>(of: T) {
  const { name, enabled, settings, mappings, hosts, consentCategories, retryHours, filters } = of;
  return { name, enabled, settings, mappings, hosts, consentCategories, retryHours, filters };
}

/** A change that leaves exactly `wanted`: what it does not name is taken away. */
function replacing(
  held: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const gone = Object.keys(held).filter((key) => !(key in wanted));
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...wanted };
}

/** A filter without its id, its members in one order, so that two can be compared as text. */
function plainFilter({ title, if: condition, actions, enabled }: Filter): Filter {
  return { title, if: condition, actions, enabled };
}
