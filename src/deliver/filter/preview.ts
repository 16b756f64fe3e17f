import { applyFilters, readyFilters, type Filter } from "./filter.ts";

/** What a filter makes of one event, in the shape of Segment's preview; null: it is not sent. */
export type FilterPreview = {
  readonly inputPayload: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | null;
};

/** Tries one filter on one event, whether it is switched on or not. */
export function previewFilter(
  filter: Pick<Filter, "if" | "actions">,
  payload: Readonly<Record<string, unknown>>,
): FilterPreview {
  const left = applyFilters(payload, readyFilters([{ ...filter, title: "", enabled: true }]));
  return { inputPayload: payload, result: left.ok ? left.value : null };
}
