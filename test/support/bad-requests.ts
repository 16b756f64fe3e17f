import { gzipSync } from "node:zlib";
import type { RawRequest } from "./raw-request.ts";

/** A request that has to be refused, and how. `{{writeKey}}` stands for a good key. */
export type RefusedRequest = {
  readonly name: string;
  readonly raw: RawRequest;
  readonly status: number;
  readonly code: string;
};

/** The rules' numbers as a client sees them; deliberately not imported from the code under test. */
const BODY_BYTES_MAX = 512_000;
const EVENT_BYTES_MAX = 32_768;

const KEY = '"writeKey":"{{writeKey}}"';
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const track = (body: string | Uint8Array, more: Partial<RawRequest> = {}): RawRequest => ({
  path: "/v1/track",
  body,
  ...more,
});
const event = (members: string): string => `{${KEY},"userId":"u","event":"E",${members}}`;
const batch = (items: string): string => `{${KEY},"batch":[${items}]}`;

function row(name: string, raw: RawRequest, status: number, code: string): RefusedRequest {
  return { name, raw, status, code };
}

/** Bytes that are no request anyone could mean. */
const MALFORMED: readonly RefusedRequest[] = [
  row("no body", track(""), 400, "bad_request"),
  row("a body cut off", track('{"userId":"u","eve'), 400, "bad_request"),
  row("words", track("hello"), 400, "bad_request"),
  row("a form", track("userId=u&event=E"), 400, "bad_request"),
  row("JSON and something behind it", track(`${event('"a":1')}x`), 400, "bad_request"),
  row("null", track("null"), 400, "bad_request"),
  row("a list", track("[]"), 400, "bad_request"),
  row("a text", track('"text"'), 400, "bad_request"),
  row("a number", track("12"), 400, "bad_request"),
  row("single quotes", track("{'userId':'u'}"), 400, "bad_request"),
  row("a comma too many", track(event('"a":1,')), 400, "bad_request"),
  row("NaN", track(event('"properties":{"n":NaN}')), 400, "bad_request"),
  row("a number with a leading zero", track(event('"properties":{"n":01}')), 400, "bad_request"),
  row("a line break in a text", track(event('"properties":{"t":"a\nb"}')), 400, "bad_request"),
  row("a NUL in a text", track(event('"properties":{"t":"\u0000"}')), 400, "bad_request"),
  row("a NUL behind a single event", track(`${event('"a":1')}\u0000`), 400, "bad_request"),
  row("an unknown escape", track(event('"properties":{"t":"\\x41"}')), 400, "bad_request"),
  row("a lone byte of UTF-8", track(bytes('{"t":"', [0xff], '"}')), 400, "bad_request"),
  row("UTF-8 longer than needed", track(bytes('{"t":"', [0xc0, 0xaf], '"}')), 400, "bad_request"),
  row("a surrogate as bytes", track(bytes('{"t":"', [0xed, 0xa0, 0x80], '"}')), 400, "bad_request"),
  row("UTF-16", track(Buffer.from('{"userId":"u"}', "utf16le")), 400, "bad_request"),
  row(
    "a batch that is no list",
    { path: "/v1/batch", body: `{${KEY},"batch":{}}` },
    400,
    "bad_request",
  ),
  row("no batch", { path: "/v1/batch", body: `{${KEY}}` }, 400, "bad_request"),
  row(
    "an event where a batch is wanted",
    { path: "/v1/b", body: event('"a":1') },
    400,
    "bad_request",
  ),
];

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

/** What is made to cost more than it should. */
const BOMBS: readonly RefusedRequest[] = [
  row("a list nested 250,000 deep", track(nested(250_000)), 400, "bad_request"),
  row("a list nested 1,000,000 deep", track(nested(1_000_000)), 400, "body_too_large"),
  row("the same as gzip", track(nested(1_000_000), { gzip: true }), 400, "body_too_large"),
  row(
    "objects nested 70,000 deep in properties",
    track(event(`"properties":${'{"a":'.repeat(70_000)}1${"}".repeat(70_000)}`)),
    400,
    "bad_request",
  ),
  row(
    "100,000 keys",
    track(
      event(`"properties":{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`).join(",")}}`),
    ),
    400,
    "body_too_large",
  ),
  row(
    "gzip of 100 MB of blanks",
    { path: "/v1/batch", body: Buffer.alloc(100_000_000, " "), gzip: true },
    400,
    "body_too_large",
  ),
  row("gzip in gzip", track(gzipSync(event('"a":1')), { gzip: true }), 400, "bad_request"),
  row("a body of one byte too many", track("x".repeat(BODY_BYTES_MAX + 1)), 400, "body_too_large"),
  row(
    "the same in chunks",
    track("x".repeat(BODY_BYTES_MAX + 1), { chunked: true }),
    400,
    "body_too_large",
  ),
  row(
    "one event of a byte too many",
    track(event(`"t":"${"x".repeat(EVENT_BYTES_MAX)}"`)),
    400,
    "event_too_large",
  ),
];

const encoded = (encoding: string, body: Uint8Array): RawRequest =>
  track(body, { headers: { "content-encoding": encoding } });
const GZIP = gzipSync(event('"properties":{"text":"compressed"}'));

const ENCODINGS: readonly RefusedRequest[] = [
  row("gzip that breaks off", encoded("gzip", GZIP.subarray(0, -12)), 400, "bad_request"),
  row(
    "gzip with a wrong checksum",
    encoded("gzip", bytes([...GZIP.subarray(0, -8)], [0, 0, 0, 0], [...GZIP.subarray(-4)])),
    400,
    "bad_request",
  ),
  row("gzip that is none", encoded("gzip", bytes(event('"a":1'))), 400, "bad_request"),
  row("gzip of nothing", encoded("gzip", bytes("")), 400, "bad_request"),
  row("deflate", encoded("deflate", GZIP), 415, "unsupported_content_encoding"),
  row("an encoding nobody knows", encoded("snappy", GZIP), 415, "unsupported_content_encoding"),
  row("gzip, gzip", encoded("gzip, gzip", GZIP), 415, "unsupported_content_encoding"),
];

const METHODS: readonly RefusedRequest[] = [
  row("GET of an event path", { method: "GET", path: "/v1/track" }, 405, "method_not_allowed"),
  row(
    "PUT of a batch",
    { method: "PUT", path: "/v1/batch", body: batch("") },
    405,
    "method_not_allowed",
  ),
  row("DELETE of a batch", { method: "DELETE", path: "/v1/batch" }, 405, "method_not_allowed"),
  row("POST of a pixel", { path: "/v1/pixel/track", body: "{}" }, 405, "method_not_allowed"),
  row("a path that is none", { path: "/v1/tracks", body: event('"a":1') }, 404, "not_found"),
  row("a pixel of nothing", { method: "GET", path: "/v1/pixel/click" }, 404, "not_found"),
  row(
    "a path in another letter case",
    { path: "/v1/Track", body: event('"a":1') },
    404,
    "not_found",
  ),
  row("another version", { path: "/v2/track", body: event('"a":1') }, 404, "not_found"),
];

const strict = (path: string, body: string): RawRequest => ({
  path,
  body,
  headers: { "x-strict-mode": "1" },
});
const item = (members: string): string => `{"type":"track","userId":"u",${members}}`;

/** What Segment takes with a 200 and drops, said aloud because the client asked. */
const STRICT: readonly RefusedRequest[] = [
  row("strict: no user", strict("/v1/track", `{${KEY},"event":"E"}`), 400, "no_user_anon_id"),
  row(
    "strict: null for users",
    strict("/v1/track", `{${KEY},"event":"E","userId":null,"anonymousId":null}`),
    400,
    "no_user_anon_id",
  ),
  row(
    "strict: no event name",
    strict("/v1/track", `{${KEY},"userId":"u"}`),
    400,
    "event_not_defined",
  ),
  row(
    "strict: a number as event name",
    strict("/v1/track", `{${KEY},"userId":"u","event":7}`),
    400,
    "event_not_string",
  ),
  row(
    "strict: properties that are a list",
    strict("/v1/track", event('"properties":[]')),
    400,
    "properties_not_object",
  ),
  row(
    "strict: traits that are a text",
    strict("/v1/identify", `{${KEY},"userId":"u","traits":"t"}`),
    400,
    "traits_not_object",
  ),
  row(
    "strict: a group without id",
    strict("/v1/group", `{${KEY},"userId":"u"}`),
    400,
    "id_required",
  ),
  row(
    "strict: an object as userId",
    strict("/v1/track", `{${KEY},"userId":{},"event":"E"}`),
    400,
    "id_not_string",
  ),
  row(
    "strict: a name that is a list",
    strict("/v1/page", `{${KEY},"userId":"u","name":[]}`),
    400,
    "name_not_string",
  ),
  row("strict: an empty batch", strict("/v1/batch", batch("")), 400, "empty_batch"),
  row("strict: an item that is no object", strict("/v1/batch", batch("7")), 400, "bad_request"),
  row(
    "strict: an item without type",
    strict("/v1/batch", batch('{"userId":"u"}')),
    400,
    "missing_type",
  ),
  row(
    "strict: an item of an unknown type",
    strict("/v1/batch", batch('{"type":"buy","userId":"u"}')),
    400,
    "invalid_type",
  ),
  row(
    "strict: a messageId of 101 characters",
    strict("/v1/track", event(`"messageId":"${"m".repeat(101)}"`)),
    400,
    "message_id_too_long",
  ),
  row(
    "strict: an item too large",
    strict("/v1/batch", batch(item(`"event":"E","t":"${"x".repeat(EVENT_BYTES_MAX)}"`))),
    400,
    "event_too_large",
  ),
  row(
    "strict: 2,501 items",
    strict("/v1/batch", batch(Array.from({ length: 2501 }, () => item('"event":"E"')).join(","))),
    400,
    "too_many_events",
  ),
];

export const REFUSED_REQUESTS: readonly RefusedRequest[] = [
  ...MALFORMED,
  ...BOMBS,
  ...ENCODINGS,
  ...METHODS,
  ...STRICT,
];
