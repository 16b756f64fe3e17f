/**
 * Why an item of a request is not kept: Segment's codes of "failed on ingest", three of ours for its
 * limits, which have no code there, and two of Segment's for what the source's own schema stops.
 */
export type ItemCode =
  | "bad_request"
  | "missing_type"
  | "invalid_type"
  | "no_user_anon_id"
  | "id_not_string"
  | "id_required"
  | "event_not_defined"
  | "event_not_string"
  | "properties_not_object"
  | "traits_not_object"
  | "name_not_string"
  | "category_not_string"
  | "consent_categorypreferences_should_exist"
  | "consent_categorypreferences_fields_should_be_object"
  | "consent_categorypreferences_fields_should_be_bool"
  | "device_advertisingid_should_be_string"
  | "consent_version_should_be_number"
  | "empty_batch"
  | "event_too_large"
  | "too_many_events"
  | "message_id_too_long"
  | "event_setting"
  | "unplanned";

/** What each code says to a caller in strict mode. */
export const ITEM_MESSAGES: Readonly<Record<ItemCode, string>> = {
  bad_request: "An event must be a JSON object",
  missing_type: "An event in a batch must have a type",
  invalid_type: "type must be one of track, identify, page, screen, group and alias",
  no_user_anon_id: "An event must have a userId or an anonymousId",
  id_not_string: "userId, anonymousId, groupId, previousId and messageId must be strings",
  id_required: "A group call must have a groupId, an alias call a previousId",
  event_not_defined: "A track call must have an event name",
  event_not_string: "event must be a string",
  properties_not_object: "properties must be an object",
  traits_not_object: "traits must be an object",
  name_not_string: "name must be a string",
  category_not_string: "category must be a string",
  consent_categorypreferences_should_exist:
    "context.consent.categoryPreferences must exist in a consent event",
  consent_categorypreferences_fields_should_be_object:
    "context.consent.categoryPreferences must be an object",
  consent_categorypreferences_fields_should_be_bool:
    "context.consent.categoryPreferences must hold booleans",
  device_advertisingid_should_be_string: "context.device.advertisingId must be a string",
  consent_version_should_be_number: "context.consent.version must be a number",
  empty_batch: "batch must hold at least one event",
  event_too_large: "Exceed payload limit",
  too_many_events: "A batch may hold at most 2500 events",
  message_id_too_long: "messageId may have at most 100 characters",
  event_setting: "The source's schema stops this event",
  unplanned: "The source's schema takes planned events only",
};
