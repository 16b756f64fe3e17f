import { fieldOf, isMap } from "./fields.ts";
import { dropFields } from "./properties.ts";

type Event = Readonly<Record<string, unknown>>;

/** What a source lets in, by name. Whatever is not named is *unplanned*. */
export type SchemaControls = {
  /** Properties by the names of the track events that are planned. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  readonly unplannedEvents: "allow" | "block";
  /** Track events that are stopped although they may be planned. */
  readonly blockedEvents: readonly string[];
  readonly unplannedProperties: "allow" | "omit";
  /** Traits that are planned, where unplanned ones are to be omitted. */
  readonly identifyTraits?: readonly string[];
  readonly groupTraits?: readonly string[];
};

export type SchemaDecision =
  | { readonly kind: "accept"; readonly event: Event }
  /** Segment's codes of events filtered at the source. */
  | { readonly kind: "block"; readonly code: "unplanned" | "event_setting" };

/**
 * What a source's schema makes of an event. It belongs into ingest, before the event is archived:
 * what is blocked or omitted there is gone for good, and cannot come back by a replay. Names of what
 * was omitted are noted in `context.protocols.omitted`.
 */
export function applySchema(event: Event, controls: SchemaControls): SchemaDecision {
  const type = fieldOf(event, "type");
  if (type === "track") return applyToTrack(event, controls);
  const traits = type === "identify" ? controls.identifyTraits : controls.groupTraits;
  if ((type !== "identify" && type !== "group") || traits === undefined) {
    return { kind: "accept", event };
  }
  return { kind: "accept", event: omit(event, "traits", traits) };
}

function applyToTrack(event: Event, controls: SchemaControls): SchemaDecision {
  const name = fieldOf(event, "event");
  if (typeof name === "string" && controls.blockedEvents.includes(name)) {
    return { kind: "block", code: "event_setting" };
  }
  const planned = typeof name === "string" ? fieldOf(controls.events, name) : undefined;
  if (!Array.isArray(planned)) {
    if (controls.unplannedEvents === "block") return { kind: "block", code: "unplanned" };
    return { kind: "accept", event };
  }
  if (controls.unplannedProperties === "allow") return { kind: "accept", event };
  return { kind: "accept", event: omit(event, "properties", planned) };
}

function omit(event: Event, holder: "properties" | "traits", planned: readonly unknown[]): Event {
  const held = fieldOf(event, holder);
  if (!isMap(held)) return event;
  const omitted = Object.keys(held).filter((name) => !planned.includes(name));
  if (omitted.length === 0) return event;
  const left = dropFields(event, { [holder]: omitted });
  const context = fieldOf(left, "context");
  const protocols = fieldOf(context, "protocols");
  const noted = omitted.map((name) => `${holder}.${name}`);
  return {
    ...left,
    context: {
      ...(isMap(context) ? context : {}),
      protocols: { ...(isMap(protocols) ? protocols : {}), omitted: noted },
    },
  };
}
