import { newChildId, type DestinationId, type SourceId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { Destinations, OfferedDestination } from "../src/deliver/destinations.ts";
import type { Filter } from "../src/deliver/filter/filter.ts";
import type { LaneConfig } from "../src/deliver/lane/ports.ts";
import { addresseeOf } from "../src/deliver/own.ts";
import type { LaneRef } from "../src/region/object-names.ts";
import type { DestinationStep, HeldDestinations } from "../src/workspace/config-destinations.ts";
import { changedFields } from "../src/workspace/config-document.ts";
import {
  createDestination,
  deleteDestination,
  DESTINATIONS_MAX,
  patchDestination,
  withFilters,
  type Changed,
  type Destination,
  type DestinationDraft,
  type DestinationPatch,
  type FilterPatch,
  type StoredFilter,
} from "../src/workspace/destination.ts";
import type { LaneAct } from "../src/workspace/delivery-ports.ts";
import { viewDestination, type DestinationView } from "../src/workspace/destination-view.ts";
import type { AdminRefusal, Answer, Page, PageOf } from "../src/workspace/ports.ts";
import { nextVersion } from "../src/workspace/source.ts";
import { storageConfig } from "../src/workspace/storage.ts";
import { keepSecrets } from "./workspace-secrets.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

const NO_DESTINATION: AdminRefusal = { kind: "not-found", what: "destination" };
const HOUR_MS = 3_600_000;

/** The destinations of a workspace, as the management API changes them. Each act runs inside a turn. */
export class WorkspaceDestinations {
  readonly #turn: WorkspaceTurn;
  readonly #offered: Destinations;

  constructor(turn: WorkspaceTurn, offered: Destinations) {
    this.#turn = turn;
    this.#offered = offered;
  }

  list(page: Page): Answer<PageOf<DestinationView>> {
    const found = this.#turn.destinations.list(page.after, page.limit + 1);
    const shown = found.slice(0, page.limit);
    const next = found.length > page.limit ? shown.at(-1)?.id : undefined;
    return ok({ data: shown.map((destination) => this.view(destination)), next });
  }

  /** A destination that is not deleted. */
  find(id: string): Answer<Destination> {
    const found = this.#turn.destinations.find(id);
    return found === undefined || found.deletedAtMs !== undefined ? err(NO_DESTINATION) : ok(found);
  }

  show(id: string): Answer<DestinationView> {
    const found = this.find(id);
    return found.ok ? ok(this.view(found.value)) : found;
  }

  add(by: Acting, draft: DestinationDraft): Answer<Destination> {
    const { tables, destinations, id: workspaceId, home, random } = this.#turn;
    const source = tables.source(draft.sourceId);
    if (source === undefined || source.deletedAtMs !== undefined) {
      return err({ kind: "not-found", what: "source" });
    }
    if (destinations.count() >= DESTINATIONS_MAX) {
      return err({ kind: "limit-reached", what: "destinations", max: DESTINATIONS_MAX });
    }
    const made = createDestination(draft, this.#offer(draft.slug)?.kind, {
      id: newChildId("dst", workspaceId, random),
      sourceId: source.id,
      home,
      nowMs: by.nowMs,
    });
    if (!made.ok) return made;
    this.#save(made.value);
    this.#turn.note(by, "destination.create", made.value.destination.id);
    return ok(made.value.destination);
  }

  change(by: Acting, id: string, patch: DestinationPatch): Answer<Destination> {
    const held = this.find(id);
    if (!held.ok) return held;
    const { home } = this.#turn;
    const kind = this.#offer(held.value.slug)?.kind;
    const changed = patchDestination(held.value, patch, kind, { home, nowMs: by.nowMs });
    if (!changed.ok) return changed;
    const { destination, secrets } = changed.value;
    const { version: _version, updatedAtMs: _updatedAtMs, ...compared } = destination;
    const fields = [...changedFields(held.value, compared), ...secrets.keys()];
    if (fields.length === 0) return held;
    this.#save(changed.value);
    this.#turn.note(by, "destination.update", destination.id, fields.filter(isShortName));
    return ok(destination);
  }

  remove(by: Acting, id: string): Answer<Destination> {
    const held = this.find(id);
    if (!held.ok) return held;
    const deleted = deleteDestination(held.value, by.nowMs);
    this.#turn.destinations.dropSecrets(deleted.id);
    this.#turn.destinations.save(deleted);
    this.#bump(deleted.sourceId, by.nowMs);
    this.#turn.note(by, "destination.delete", deleted.id);
    return ok(deleted);
  }

  addFilter(by: Acting, id: string, filter: Filter): Answer<StoredFilter> {
    const { id: workspaceId, random } = this.#turn;
    const made: StoredFilter = { ...filter, id: newChildId("flt", workspaceId, random) };
    return this.#withFilters(by, id, made, (filters) => [...filters, made]);
  }

  changeFilter(by: Acting, id: string, filterId: string, patch: FilterPatch): Answer<StoredFilter> {
    const held = this.#filter(id, filterId);
    if (!held.ok) return held;
    const changed: StoredFilter = { ...held.value, ...patch };
    return this.#withFilters(by, id, changed, (filters) =>
      filters.map((filter) => (filter.id === changed.id ? changed : filter)),
    );
  }

  removeFilter(by: Acting, id: string, filterId: string): Answer<StoredFilter> {
    const held = this.#filter(id, filterId);
    if (!held.ok) return held;
    return this.#withFilters(by, id, held.value, (filters) =>
      filters.filter((filter) => filter.id !== filterId),
    );
  }

  /** The lanes of a destination; the first is the one that tests are sent through. */
  lanes(by: Acting, id: string, act: LaneAct | undefined): Answer<readonly LaneRef[]> {
    const { tables, destinations } = this.#turn;
    const destination = destinations.find(id);
    const source = destination === undefined ? undefined : tables.source(destination.sourceId);
    if (destination === undefined || source === undefined) return err(NO_DESTINATION);
    if (act !== undefined) this.#turn.note(by, act, destination.id);
    const first = { ingestRegion: source.route.ingestRegion, shard: 0 };
    const others = tables
      .queues(source.id)
      .filter((queue) => queue.ingestRegion !== first.ingestRegion || queue.shard !== 0);
    return ok(
      [first, ...others].map((queue) => ({
        destinationId: destination.id,
        sourceId: source.id,
        ...queue,
      })),
    );
  }

  /** What a document's destinations are compared with. */
  held(): HeldDestinations {
    const { tables, destinations, home } = this.#turn;
    return {
      home,
      destinations: destinations.list(),
      kindOf: (slug) => this.#offer(slug)?.kind,
      sourceName: (id) => tables.source(id)?.name ?? "",
    };
  }

  /** Does one step of a document; `sources` has what its sources became. */
  apply(
    by: Acting,
    { act }: DestinationStep,
    sources: ReadonlyMap<string, string>,
  ): Answer<Destination | undefined> {
    if (act === undefined) return ok(undefined);
    if (act.kind === "delete") return this.remove(by, act.id);
    if (act.kind === "update") {
      const changed = this.change(by, act.id, act.patch);
      return changed.ok ? this.#refilter(by, changed.value, act.filters) : changed;
    }
    const { id: _id, sourceId, sourceName, secrets: _secrets, filters, ...settings } = act.wanted;
    const became = sources.get(sourceId ?? "") ?? sources.get(sourceName) ?? "";
    const made = this.add(by, { ...settings, sourceId: became });
    return made.ok ? this.#refilter(by, made.value, filters) : made;
  }

  /** What a lane of the destination has to know. */
  laneConfig(id: DestinationId): LaneConfig | undefined {
    const { tables, destinations, home } = this.#turn;
    const destination = destinations.find(id);
    const source = destination === undefined ? undefined : tables.source(destination.sourceId);
    if (destination === undefined || source === undefined) return undefined;
    const { slug, version, settings, mappings, hosts, retryHours } = destination;
    const names = [this.#offer(slug)?.kind.name ?? slug, slug, destination.id];
    return {
      destinationId: destination.id,
      sourceId: source.id,
      sourceName: source.name,
      region: home,
      slug,
      version,
      state: destination.deletedAtMs !== undefined ? "deleted" : destination.enabled ? "on" : "off",
      settings,
      sealed: destinations.sealed(destination.id),
      mappings,
      declaredHosts: hosts,
      rules: {
        addressee: addresseeOf(slug, names, destination.id),
        consentCategories: destination.consentCategories,
        filters: destination.filters,
      },
      retryMs: retryHours * HOUR_MS,
      archiveLocations: source.archiveLocations,
      ...(source.storage === undefined ? {} : { storage: storageConfig(source.storage) }),
      retentionDays: source.retentionDays,
      fingerprintKey: source.fingerprintKey,
      suppressions: this.#turn.regulations.version(),
      deletion: this.#turn.restores.required(source.id, "lane"),
    };
  }

  view(destination: Destination): DestinationView {
    return viewDestination(destination, this.#offer(destination.slug)?.kind, this.#turn.home);
  }

  #offer(slug: string): OfferedDestination | undefined {
    return this.#offered.get(slug);
  }

  #filter(id: string, filterId: string): Answer<StoredFilter> {
    const held = this.find(id);
    if (!held.ok) return held;
    const filter = held.value.filters.find((each) => each.id === filterId);
    return filter === undefined ? err({ kind: "not-found", what: "filter" }) : ok(filter);
  }

  /** Puts a document's filters in the place of those held. */
  #refilter(
    by: Acting,
    held: Destination,
    filters: readonly Filter[] | undefined,
  ): Answer<Destination> {
    if (filters === undefined) return ok(held);
    const { id: workspaceId, random, destinations } = this.#turn;
    const named = filters.map((filter) => ({
      ...filter,
      id: newChildId("flt", workspaceId, random),
    }));
    const changed = withFilters(held, named, by.nowMs);
    if (changed.ok) destinations.save(changed.value);
    return changed;
  }

  #withFilters(
    by: Acting,
    id: string,
    about: StoredFilter,
    change: (filters: readonly StoredFilter[]) => readonly StoredFilter[],
  ): Answer<StoredFilter> {
    const held = this.find(id);
    if (!held.ok) return held;
    const changed = withFilters(held.value, change(held.value.filters), by.nowMs);
    if (!changed.ok) return changed;
    this.#turn.destinations.save(changed.value);
    this.#turn.note(by, "destination.update", changed.value.id, ["filters"]);
    return ok(about);
  }

  #save({ destination, secrets }: Changed): void {
    this.#turn.destinations.save(destination);
    keepSecrets(this.#turn, destination.id, secrets);
    this.#bump(destination.sourceId, destination.updatedAtMs);
  }

  /** Lets the source's queues take over which lanes there are. */
  #bump(sourceId: SourceId, nowMs: number): void {
    const { tables } = this.#turn;
    const source = tables.source(sourceId);
    if (source !== undefined) tables.save(nextVersion(source, nowMs));
  }
}

/** What the audit chain takes as a name of a field. */
function isShortName(name: string): boolean {
  return /^[\w:.-]{1,80}$/.test(name);
}
