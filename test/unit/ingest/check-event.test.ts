import { describe, expect, it } from "vitest";

import { acceptBatch } from "../../support/accepted.ts";

const USER = '"userId":"u"';
const TRACK = `"type":"track",${USER}`;
const CONSENT = `${TRACK},"event":"Segment Consent Preference Updated"`;

/** The code an item is refused with, `undefined` when it is kept. */
function codeOf(item: string): string | undefined {
  return acceptBatch(`{"batch":[{${item}}]}`).firstRefusal?.code;
}

describe("refusalOf()", () => {
  it.each([
    ["a track call", `${TRACK},"event":"e"`],
    ["an identify call without traits", `"type":"identify",${USER}`],
    ["a page call without a name", `"type":"page",${USER}`],
    ["a screen call with nulls", `"type":"screen",${USER},"name":null,"category":null`],
    ["a group call", `"type":"group",${USER},"groupId":"g"`],
    ["an alias call", `"type":"alias",${USER},"previousId":"p"`],
    ["an anonymous user", '"type":"page","anonymousId":"a","userId":null'],
    ["a user with a number", '"type":"page","userId":7'],
    ["null properties and traits", `${TRACK},"event":"e","properties":null,"traits":null`],
    ["a messageId of 100 characters", `"type":"page",${USER},"messageId":"${"x".repeat(100)}"`],
    [
      "100 characters written as escapes",
      `"type":"page",${USER},"messageId":"${"\\u0041".repeat(100)}"`,
    ],
    ["consent", `${CONSENT},"context":{"consent":{"categoryPreferences":{"a":true},"version":2}}`],
    ["another event with odd consent", `${TRACK},"event":"e","context":{"consent":1}`],
  ])("keeps %s", (_title, item) => {
    expect(codeOf(item)).toBeUndefined();
  });

  it.each([
    ["missing_type", USER],
    ["missing_type", `"type":null,${USER}`],
    ["invalid_type", `"type":"Track",${USER},"event":"e"`],
    ["invalid_type", `"type":7,${USER}`],
    ["no_user_anon_id", '"type":"page"'],
    ["no_user_anon_id", '"type":"page","userId":null,"anonymousId":null'],
    ["no_user_anon_id", '"type":"page","userId":""'],
    ["id_not_string", '"type":"page","userId":{"a":1}'],
    ["id_not_string", '"type":"page","anonymousId":true,"userId":"u"'],
    ["id_not_string", `"type":"page",${USER},"messageId":[]`],
    ["id_not_string", `"type":"group",${USER},"groupId":{}`],
    ["id_required", `"type":"group",${USER}`],
    ["id_required", `"type":"alias",${USER},"previousId":null`],
    ["event_not_defined", TRACK],
    ["event_not_defined", `${TRACK},"event":null`],
    ["event_not_defined", `${TRACK},"event":""`],
    ["event_not_string", `${TRACK},"event":7`],
    ["properties_not_object", `${TRACK},"event":"e","properties":[]`],
    ["traits_not_object", `"type":"identify",${USER},"traits":"x"`],
    ["name_not_string", `"type":"page",${USER},"name":7`],
    ["category_not_string", `"type":"screen",${USER},"category":{}`],
    ["message_id_too_long", `"type":"page",${USER},"messageId":"${"x".repeat(101)}"`],
    ["consent_categorypreferences_should_exist", CONSENT],
    ["consent_categorypreferences_should_exist", `${CONSENT},"context":{"consent":{}}`],
    [
      "consent_categorypreferences_fields_should_be_object",
      `${CONSENT},"context":{"consent":{"categoryPreferences":[]}}`,
    ],
    [
      "consent_categorypreferences_fields_should_be_bool",
      `${CONSENT},"context":{"consent":{"categoryPreferences":{"a":1}}}`,
    ],
    [
      "device_advertisingid_should_be_string",
      `${CONSENT},"context":{"consent":{"categoryPreferences":{}},"device":{"advertisingId":1}}`,
    ],
    [
      "consent_version_should_be_number",
      `${CONSENT},"context":{"consent":{"categoryPreferences":{},"version":"1"}}`,
    ],
  ])("refuses with %s: {%s}", (code, item) => {
    expect(codeOf(item)).toBe(code);
  });
});
