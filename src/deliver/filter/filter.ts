import { err, ok, type Result } from "../../core/result.ts";
import { pathNames } from "./fields.ts";
import type { FqlNode, FqlProblem } from "./fql.ts";
import { evaluateFql } from "./fql-evaluate.ts";
import { parseFql } from "./fql-parse.ts";
import { allowFields, dropFields, type FieldsByPath } from "./properties.ts";
import { isSampled } from "./sample.ts";

/** Filters of one destination: Segment's limit. */
export const FILTERS_MAX = 10;
/** Characters of a filter's title: Segment's limit. */
export const FILTER_TITLE_CHARS_MAX = 64;

/** What a filter does to the events that meet its condition. */
export type FilterAction =
  | { readonly type: "DROP" }
  | { readonly type: "DROP_PROPERTIES"; readonly fields: FieldsByPath }
  | { readonly type: "ALLOW_PROPERTIES"; readonly fields: FieldsByPath }
  /** Sends that part of the events, from 0 to 1; `path` as in {@link isSampled}. */
  | { readonly type: "SAMPLE"; readonly percent: number; readonly path?: string };

/** A destination filter as it is kept. */
export type Filter = {
  readonly title: string;
  /** FQL, or `all`. */
  readonly if: string;
  readonly actions: readonly FilterAction[];
  readonly enabled: boolean;
};

/** A filter made ready; one whose condition cannot be read lets nothing through. */
export type ReadyFilter =
  | {
      readonly kind: "ready";
      /** Absent when it is about all events. */
      readonly condition: FqlNode | undefined;
      readonly actions: readonly FilterAction[];
    }
  | { readonly kind: "unreadable" };

/** Segment's name for the condition that every event meets. */
const ALL = "all";

type Event = Readonly<Record<string, unknown>>;

/** What is wrong with filters as a user gives them, in words that quote nothing; none means nothing. */
export function filterProblems(filters: readonly Filter[]): readonly string[] {
  const problems = filters.flatMap((filter, index) =>
    problemsOf(filter).map((problem) => `filters[${index}] ${problem}`),
  );
  if (filters.length <= FILTERS_MAX) return problems;
  return [`there are more than ${FILTERS_MAX} filters`, ...problems];
}

function problemsOf({ title, if: condition, actions }: Filter): readonly string[] {
  const problems: string[] = [];
  if (Array.from(title).length > FILTER_TITLE_CHARS_MAX) {
    problems.push(`has a title of more than ${FILTER_TITLE_CHARS_MAX} characters`);
  }
  const parsed = parseCondition(condition);
  if (!parsed.ok) {
    problems.push(`has an FQL that at character ${parsed.error.at} ${parsed.error.problem}`);
  }
  if (actions.length === 0) problems.push("does nothing");
  if (actions.some((action) => !isAction(action))) problems.push("has an action that is none");
  return problems;
}

function isAction(action: FilterAction): boolean {
  switch (action.type) {
    case "DROP":
      return true;
    case "DROP_PROPERTIES":
    case "ALLOW_PROPERTIES":
      return Object.keys(action.fields).every((path) => pathNames(path) !== undefined);
    case "SAMPLE":
      return (
        action.percent >= 0 && action.percent <= 1 && pathNames(action.path ?? "") !== undefined
      );
  }
}

/** Filters made ready for many events: what is switched off is left out, the rest is parsed once. */
export function readyFilters(filters: readonly Filter[]): readonly ReadyFilter[] {
  return filters
    .filter(({ enabled }) => enabled)
    .map((filter) => {
      const parsed = parseCondition(filter.if);
      const isReady = parsed.ok && filter.actions.every(isAction);
      if (!isReady) return { kind: "unreadable" };
      return { kind: "ready", condition: parsed.value, actions: filter.actions };
    });
}

function parseCondition(text: string): Result<FqlNode | undefined, FqlProblem> {
  return text === ALL ? ok(undefined) : parseFql(text);
}

/**
 * The event after all filters, or why it is not sent. Conditions see the event as it came; the
 * actions of all filters that it meets then follow each other by kind: sample, drop, drop properties,
 * allow properties. An unreadable filter, or one that cannot be evaluated for this event, stops it:
 * what a filter should have taken away must never be sent for want of an answer.
 */
export function applyFilters(
  event: Event,
  filters: readonly ReadyFilter[],
): Result<Event, "filtered" | "unreadable"> {
  if (filters.length === 0) return ok(event);
  const actions: FilterAction[] = [];
  for (const filter of filters) {
    if (filter.kind === "unreadable") return err("unreadable");
    const { condition } = filter;
    const met = condition === undefined ? ok(true) : evaluateFql(condition, event);
    if (!met.ok) return err("unreadable");
    if (met.value) actions.push(...filter.actions);
  }
  const isSent = actions.every(
    (action) => action.type !== "DROP" && (action.type !== "SAMPLE" || isSampled(event, action)),
  );
  if (!isSent) return err("filtered");
  const dropped = actions.reduce(
    (left, action) => (action.type === "DROP_PROPERTIES" ? dropFields(left, action.fields) : left),
    event,
  );
  const allowed = actions.reduce(
    (left, action) =>
      action.type === "ALLOW_PROPERTIES" ? allowFields(left, action.fields) : left,
    dropped,
  );
  return ok(allowed);
}
