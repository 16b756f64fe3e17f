import type { ItemCode } from "./codes.ts";
import type { EventView } from "./event-view.ts";
import { NAME } from "./member-names.ts";

/** The kinds of call, as `type` names them. */
export const EVENT_TYPES = ["track", "identify", "page", "screen", "group", "alias"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Characters of a messageId, as Segment limits it. */
export const MESSAGE_ID_CHARS_MAX = 100;

/** The one track event whose context is checked. */
const CONSENT_EVENT = "Segment Consent Preference Updated";

/** Whether `text` names a kind of call. Case counts, as at Segment. */
export function isEventType<T extends string>(text: T | undefined): text is T & EventType {
  return EVENT_TYPES.some((type) => type === text);
}

/**
 * Why the event in view cannot be kept, or `undefined` when it can. A `null` id counts as absent, an
 * empty one too, and a number counts as an id.
 */
export function refusalOf(view: EventView, type: EventType): ItemCode | undefined {
  return (
    idRefusal(view, type) ??
    messageIdRefusal(view) ??
    (view.isAbsent(NAME.properties) || view.kind(NAME.properties) === "object"
      ? undefined
      : "properties_not_object") ??
    (view.isAbsent(NAME.traits) || view.kind(NAME.traits) === "object"
      ? undefined
      : "traits_not_object") ??
    typeRefusal(view, type)
  );
}

function idRefusal(view: EventView, type: EventType): ItemCode | undefined {
  if (!isIdOrAbsent(view, NAME.userId) || !isIdOrAbsent(view, NAME.anonymousId)) {
    return "id_not_string";
  }
  if (isMissing(view, NAME.userId) && isMissing(view, NAME.anonymousId)) return "no_user_anon_id";
  if (type !== "group" && type !== "alias") return undefined;
  const required = type === "group" ? NAME.groupId : NAME.previousId;
  if (!isIdOrAbsent(view, required)) return "id_not_string";
  return isMissing(view, required) ? "id_required" : undefined;
}

function messageIdRefusal(view: EventView): ItemCode | undefined {
  if (!isIdOrAbsent(view, NAME.messageId)) return "id_not_string";
  if (view.bytes(NAME.messageId) <= MESSAGE_ID_CHARS_MAX) return undefined;
  const text = view.id(NAME.messageId) ?? "";
  return text.length > MESSAGE_ID_CHARS_MAX ? "message_id_too_long" : undefined;
}

function typeRefusal(view: EventView, type: EventType): ItemCode | undefined {
  if (type === "track") {
    if (view.isAbsent(NAME.event) || view.isEmpty(NAME.event)) return "event_not_defined";
    if (view.kind(NAME.event) !== "string") return "event_not_string";
    // No shorter text can be its name, and reading names of other events would cost as much as all checks.
    const mayBeConsent = view.bytes(NAME.event) >= CONSENT_EVENT.length;
    return mayBeConsent && view.string(NAME.event) === CONSENT_EVENT
      ? consentRefusal(view)
      : undefined;
  }
  if (type !== "page" && type !== "screen") return undefined;
  if (!view.isAbsent(NAME.name) && view.kind(NAME.name) !== "string") return "name_not_string";
  if (!view.isAbsent(NAME.category) && view.kind(NAME.category) !== "string") {
    return "category_not_string";
  }
  return undefined;
}

function consentRefusal(view: EventView): ItemCode | undefined {
  const context = asObject(view.kind(NAME.context) === "object" ? parse(view) : undefined);
  const consent = asObject(context?.["consent"]);
  const preferences = consent?.["categoryPreferences"];
  if (preferences === undefined) return "consent_categorypreferences_should_exist";
  const categories = asObject(preferences);
  if (categories === undefined) return "consent_categorypreferences_fields_should_be_object";
  if (Object.values(categories).some((value) => typeof value !== "boolean")) {
    return "consent_categorypreferences_fields_should_be_bool";
  }
  const advertisingId = asObject(context?.["device"])?.["advertisingId"] ?? "";
  if (typeof advertisingId !== "string") return "device_advertisingid_should_be_string";
  const version = consent?.["version"] ?? 0;
  return typeof version === "number" ? undefined : "consent_version_should_be_number";
}

function parse(view: EventView): unknown {
  return JSON.parse(view.raw(NAME.context));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function isIdOrAbsent(view: EventView, name: number): boolean {
  const kind = view.kind(name);
  return kind !== "object" && kind !== "other";
}

function isMissing(view: EventView, name: number): boolean {
  return view.isAbsent(name) || view.isEmpty(name);
}
