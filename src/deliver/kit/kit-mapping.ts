import { parseFql } from "../filter/fql-parse.ts";
import type { KitDestination, LoadedDestination } from "./load-kit.ts";

/** What of an event becomes what of a request: one of the destination's actions, and when. */
export type KitMapping = {
  /** The action's name in the kit. */
  readonly action: string;
  /** Which events it takes, in the kit's subset of FQL: `type = "track"`. */
  readonly trigger: string;
  /** The action's fields, in the kit's mapping language. */
  readonly fields: Readonly<Record<string, unknown>>;
};

type Event = Readonly<Record<string, unknown>>;

/** A mapping that is ready to be asked about events. */
export type ReadyMapping = KitMapping & {
  readonly index: number;
  takes(event: Event): boolean;
  /** Events of one call; one where the action or the mapping wants them alone. */
  readonly batchEvents: number;
};

/** Events of one call to an action that does not say how many it takes, as in Segment. */
const BATCH_EVENTS_DEFAULT = 1_000;

/** More in one call would hold too much in memory for what a request saves. */
const BATCH_EVENTS_MAX = 1_000;

/**
 * The mappings of a destination: the given ones, or the kit's own presets for it when none are given.
 *
 * @throws Error that names a mapping by its place when it cannot be used, and quotes none of it.
 */
export function readyMappings(
  kit: LoadedDestination,
  given: readonly unknown[],
): readonly ReadyMapping[] {
  const mappings = given.length === 0 ? presetMappings(kit.destination) : given.map(asMapping);
  return mappings.map((mapping, index) => {
    const parsed = kit.parseFql(mapping.trigger);
    const action = kit.destination.definition.actions[mapping.action];
    if (parsed.error !== undefined || !isWhole(mapping.trigger, kit.destination)) {
      return refuse(index, "has a trigger that is not FQL");
    }
    if (action === undefined) return refuse(index, "names an action that the destination lacks");
    const fields = { ...kit.defaultValues(action.fields), ...mapping.fields };
    const isBatched = action.performBatch !== undefined && fields["enable_batching"] !== false;
    return {
      ...mapping,
      index,
      takes: (event) => kit.validate(parsed, event),
      batchEvents: isBatched ? batchEventsOf(fields["batch_size"]) : 1,
    };
  });
}

/** What Segment sets up for a new destination by itself, but for what only a browser can do. */
export function presetMappings({ definition }: KitDestination): readonly KitMapping[] {
  return (definition.presets ?? []).flatMap(({ type, subscribe, partnerAction, mapping }) =>
    type === "specificEvent" ||
    subscribe === undefined ||
    definition.actions[partnerAction] === undefined
      ? []
      : [{ action: partnerAction, trigger: subscribe, fields: mapping ?? {} }],
  );
}

/**
 * Whether a trigger means what it says. The kit's own parser takes the beginning of a broken text for
 * the whole, and so for more events than were meant; ours does not. Texts that the kit itself has are
 * known to mean what its parser makes of them.
 */
function isWhole(trigger: string, { definition }: KitDestination): boolean {
  if (parseFql(trigger).ok) return true;
  const { presets = [], actions } = definition;
  return (
    presets.some(({ subscribe }) => subscribe === trigger) ||
    Object.values(actions).some(({ defaultSubscription }) => defaultSubscription === trigger)
  );
}

function batchEventsOf(size: unknown): number {
  const events = typeof size === "number" && size >= 1 ? Math.floor(size) : BATCH_EVENTS_DEFAULT;
  return Math.min(events, BATCH_EVENTS_MAX);
}

function asMapping(given: unknown, index: number): KitMapping {
  if (typeof given !== "object" || given === null) return refuse(index, "is no object");
  const { action, trigger, fields } = given as Readonly<Record<string, unknown>>;
  if (typeof action !== "string") return refuse(index, "names no action");
  if (typeof trigger !== "string") return refuse(index, "has no trigger");
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return refuse(index, "has no fields");
  }
  return { action, trigger, fields: fields as Readonly<Record<string, unknown>> };
}

function refuse(index: number, problem: string): never {
  throw new Error(`Cannot use the mappings: number ${index + 1} ${problem}`);
}
