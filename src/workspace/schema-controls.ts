/**
 * What a source lets in, by name. Whatever is not named is *unplanned*. It works in ingest, before an
 * event is archived: what is blocked or omitted there is gone for good, as with Segment, and cannot
 * come back by a replay.
 */
export type SchemaControls = {
  /** Properties by the names of the track events that are planned. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  readonly unplannedEvents: "allow" | "block";
  /** Track events that are stopped although they may be planned. */
  readonly blockedEvents: readonly string[];
  /** Of planned events; an unplanned one that is let in keeps all it has. */
  readonly unplannedProperties: "allow" | "omit";
  /** Traits that are planned, where unplanned ones are to be omitted. */
  readonly identifyTraits?: readonly string[];
  readonly groupTraits?: readonly string[];
};
