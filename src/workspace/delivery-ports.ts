import type { LaneRef } from "../region/object-names.ts";
import type { Filter } from "../deliver/filter/filter.ts";
import type {
  DestinationDraft,
  DestinationPatch,
  FilterPatch,
  StoredFilter,
} from "./destination.ts";
import type { DestinationView } from "./destination-view.ts";
import type { DestinationStanding, MetricsQuery, MetricsRow } from "./delivery-metrics.ts";
import type { AdminCall, Answer, Page, PageOf } from "./ports.ts";

/** What the management API asks of a workspace about its destinations. */
export interface DestinationsPort {
  destinations(call: AdminCall, page: Page): Promise<Answer<PageOf<DestinationView>>>;
  destination(call: AdminCall, id: string): Promise<Answer<DestinationView>>;
  addDestination(call: AdminCall, draft: DestinationDraft): Promise<Answer<DestinationView>>;
  changeDestination(
    call: AdminCall,
    id: string,
    patch: DestinationPatch,
  ): Promise<Answer<DestinationView>>;
  /** Takes it off and forgets its secrets; its dead letters stay. */
  removeDestination(call: AdminCall, id: string): Promise<Answer<DestinationView>>;
  addFilter(call: AdminCall, id: string, filter: Filter): Promise<Answer<StoredFilter>>;
  changeFilter(
    call: AdminCall,
    id: string,
    filterId: string,
    patch: FilterPatch,
  ): Promise<Answer<StoredFilter>>;
  removeFilter(call: AdminCall, id: string, filterId: string): Promise<Answer<StoredFilter>>;
  /** The lanes of a destination, deleted ones included: for what the lanes answer themselves. */
  lanes(call: AdminCall, id: string, act?: LaneAct): Promise<Answer<readonly LaneRef[]>>;
  metrics(call: AdminCall, query: MetricsQuery): Promise<Answer<DeliveryMetrics>>;
}

/** What is about to be done with the lanes, for the audit chain. */
export type LaneAct = "destination.redrive" | "destination.test";

/** Counts of deliveries, and how the lanes stand. */
export type DeliveryMetrics = {
  readonly query: MetricsQuery;
  readonly rows: readonly MetricsRow[];
  readonly standings: readonly DestinationStanding[];
};
