import { applyFilters, readyFilters, type Filter, type ReadyFilter } from "./filter.ts";
import { isConsented, mayReceive, type Addressee } from "./permission.ts";

type Event = Readonly<Record<string, unknown>>;

/** What decides whether an event goes to one destination, as it is kept. */
export type RuleSettings = {
  readonly addressee: Addressee;
  /** Consent categories that the destination belongs to; an event needs all of them. */
  readonly consentCategories: readonly string[];
  readonly filters: readonly Filter[];
};

/** The same made ready for many events. */
export type DestinationRules = {
  readonly addressee: Addressee;
  readonly consentCategories: readonly string[];
  readonly filters: readonly ReadyFilter[];
};

/** Segment's codes of events that are not sent on purpose. */
export type FilterCode =
  | "FILTERED_BY_END_USER_CONSENT"
  | "FILTERED_BY_INTEGRATIONS_OBJECT"
  | "FILTERED_BY_RULES"
  /** A filter that cannot be read, or not be evaluated for this event: it fails closed. */
  | "INVALID_SETTINGS";

export type Decision =
  | { readonly kind: "deliver"; readonly event: Event }
  | { readonly kind: "filtered"; readonly code: FilterCode };

/** Parses what there is to parse, once for as long as the settings stay the same. */
export function readyRules({ filters, ...rest }: RuleSettings): DestinationRules {
  return { ...rest, filters: readyFilters(filters) };
}

/**
 * Whether an event is sent to a destination, and with what left in it. Consent comes first, then the
 * event's `integrations` object, then the filters. It depends on nothing but its arguments, so an
 * event that is tried again is decided as before. The event that was given is not changed.
 */
export function decide(event: Event, rules: DestinationRules): Decision {
  if (!isConsented(event, rules.consentCategories)) {
    return { kind: "filtered", code: "FILTERED_BY_END_USER_CONSENT" };
  }
  if (!mayReceive(event, rules.addressee)) {
    return { kind: "filtered", code: "FILTERED_BY_INTEGRATIONS_OBJECT" };
  }
  const left = applyFilters(event, rules.filters);
  if (left.ok) return { kind: "deliver", event: left.value };
  const code = left.error === "filtered" ? "FILTERED_BY_RULES" : "INVALID_SETTINGS";
  return { kind: "filtered", code };
}
