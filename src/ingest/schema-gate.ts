import type { SchemaControls } from "../workspace/schema-controls.ts";
import type { EventType } from "./check-event.ts";
import type { ItemCode } from "./codes.ts";
import type { EventView } from "./event-view.ts";
import { NAME } from "./member-names.ts";
import { textOfName } from "./member-range.ts";
import type { Members } from "./members.ts";
import { membersAt } from "./payload.ts";

/** What is left out of one event, and what of it stays, byte by byte. */
export type Omission = {
  readonly holder: "properties" | "traits";
  readonly members: Members;
  /** Indices of the members that stay. */
  readonly kept: readonly number[];
  /** Names of those that do not. */
  readonly omitted: readonly string[];
};

/** Where Segment notes what was left out: `context.protocols.omitted`. */
export const NOTE_NAME = "protocols";

/** Why the source's schema stops the event in view; `undefined` when it does not. */
export function blockOf(
  view: EventView,
  type: EventType,
  schema: SchemaControls,
): Extract<ItemCode, "event_setting" | "unplanned"> | undefined {
  if (type !== "track") return undefined;
  const name = view.string(NAME.event) ?? "";
  if (schema.blockedEvents.includes(name)) return "event_setting";
  if (schema.unplannedEvents === "allow" || Object.hasOwn(schema.events, name)) return undefined;
  return "unplanned";
}

/** What the source's schema leaves out of the event in view; `undefined` when that is nothing. */
export function omissionOf(
  view: EventView,
  type: EventType,
  schema: SchemaControls,
): Omission | undefined {
  const holder = type === "track" ? "properties" : "traits";
  const planned = plannedFor(view, type, schema);
  if (planned === undefined || view.kind(NAME[holder]) !== "object") return undefined;
  const { payload } = view;
  const { members: all } = payload.items;
  const member = view.member(NAME[holder]);
  const members = membersAt(payload, all.value(member), all.end(member));
  const kept: number[] = [];
  const omitted = new Set<string>();
  for (let i = 0; i < members.count; i++) {
    const name = textOfName(payload, members, i);
    if (planned.includes(name)) kept.push(i);
    else omitted.add(name);
  }
  return omitted.size === 0 ? undefined : { holder, members, kept, omitted: [...omitted] };
}

/** The member of `context` that says what was left out; plain ASCII, as the buffer may be. */
export function noteOf({ holder, omitted }: Omission): string {
  const names = JSON.stringify(omitted.map((name) => `${holder}.${name}`));
  const plain = names.replaceAll(/[^\0-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${NOTE_NAME}":{"omitted":${plain}}`;
}

function plannedFor(
  view: EventView,
  type: EventType,
  schema: SchemaControls,
): readonly string[] | undefined {
  if (type === "identify") return schema.identifyTraits;
  if (type === "group") return schema.groupTraits;
  if (type !== "track" || schema.unplannedProperties === "allow") return undefined;
  const name = view.string(NAME.event) ?? "";
  return Object.hasOwn(schema.events, name) ? schema.events[name] : undefined;
}
