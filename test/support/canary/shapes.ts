import { gzipSync } from "node:zlib";

import type { TestSource } from "../homeport.ts";
import type { RawRequest } from "../raw-request.ts";
import type { Marks } from "./marks.ts";

/** A request of the tracking API in which every text that a customer chooses is a mark. */
export type Shape = { readonly name: string; readonly raw: RawRequest };

/** Everything of an event that may name a person. */
const PERSONAL = [
  "userId",
  "anonymousId",
  "previousId",
  "groupId",
  "e-mail",
  "traits",
  "properties",
  "context",
  "messageId",
] as const;

/** What comes with a request besides its body. */
const AROUND = ["user agent", "referrer", "cookie", "query", "path", "password", "telemetry"];

/** What is only in requests that cannot be taken. */
const REFUSED = ["type", "timestamp", "broken body", "content encoding", "origin"];

export function mintEventMarks(marks: Marks): void {
  for (const label of [...PERSONAL, ...AROUND, ...REFUSED]) marks.mint("event", label);
  marks.mint("field", "name of a field");
  marks.mint("subject", "subject of a request");
}

/** Marks that stand in a file of the archive when events were taken. */
export const ARCHIVED_LABELS: readonly string[] = PERSONAL;

/** An event with a mark in every field. */
export function markedEvent(marks: Marks, messageId: string): Readonly<Record<string, unknown>> {
  const email = `${marks.text("e-mail")}@example.com`;
  return {
    type: "track",
    event: "Canary",
    userId: marks.text("userId"),
    anonymousId: marks.text("anonymousId"),
    previousId: marks.text("previousId"),
    groupId: marks.text("groupId"),
    messageId: `${marks.text("messageId")}-${messageId}`,
    traits: { email, name: `"${marks.text("traits")}" \u00fc\n` },
    properties: { email, [marks.text("properties")]: marks.text("properties") },
    context: {
      traits: { email },
      page: { url: `https://shop.example/?q=${marks.text("context")}` },
    },
  };
}

/** Every shape in which SDKs, and those who mean harm, send events. `run` keeps messageIds apart. */
export function shapesOf(marks: Marks, source: TestSource, run: string): readonly Shape[] {
  const { writeKey } = source;
  const event = (id: string): Readonly<Record<string, unknown>> =>
    markedEvent(marks, `${run}-${id}`);
  const json = JSON.stringify({ ...event("single"), writeKey });
  const batch = JSON.stringify({ writeKey, batch: [event("a"), event("b"), event("a")] });
  const pixel = JSON.stringify({ ...event("pixel"), writeKey });
  const broken = marks.text("broken body");
  const types = ["identify", "track", "page", "screen", "group", "alias"];
  const shapes: readonly (readonly [string, RawRequest])[] = [
    ...types.map((type): [string, RawRequest] => [
      type,
      { path: `/v1/${type}`, body: JSON.stringify({ ...event(type), type, writeKey }) },
    ]),
    ["a browser's path", { path: "/v1/t", body: json }],
    ["a batch", { path: "/v1/batch", body: batch }],
    ["a duplicate", { path: "/v1/batch", body: batch }],
    ["an import in gzip", { path: "/v1/import", body: batch, gzip: true }],
    ["chunks", { path: "/v1/b", body: batch, chunked: true }],
    ["the pixel in base64", get(`/v1/pixel/track?data=${base64Url(pixel)}`)],
    [
      "the pixel's query",
      get(`/v1/pixel/track?writeKey=${writeKey}&userId=${marks.text("userId")}`),
    ],
    ["the pixel, broken", get(`/v1/pixel/track?data=%%${broken}`)],
    ["a body cut off", { path: "/v1/track", body: json.slice(0, -20) }],
    ["an unknown escape", { path: "/v1/track", body: `{"userId":"${broken}","a":"\\x41"}` }],
    ["words", { path: "/v1/track", body: broken }],
    ["gzip cut off", { path: "/v1/track", body: gzipSync(json).subarray(0, -9), headers: GZIP }],
    ["gzip that is none", { path: "/v1/track", body: json, headers: GZIP }],
    ["an unknown encoding", encoded(json, marks.text("content encoding"))],
    ["an event too large", { path: "/v1/track", body: oversize(json, 40_000, broken) }],
    ["a body too large", { path: "/v1/batch", body: oversize(json, 600_000, broken) }],
    [
      "events that are none",
      { path: "/v1/batch", body: JSON.stringify({ writeKey, batch: [broken] }) },
    ],
    [
      "a batch that is none",
      { path: "/v1/batch", body: JSON.stringify({ writeKey, batch: broken }) },
    ],
    ["an unknown type, strictly", strict({ ...event("type"), type: marks.text("type"), writeKey })],
    ["no user, strictly", strict({ traits: marks.text("traits"), writeKey })],
    [
      "times that are none",
      strict({ ...event("times"), timestamp: marks.text("timestamp"), writeKey }),
    ],
    ["an unknown path", { path: `/v1/track/${marks.text("path")}`, body: json }],
    ["a path of its own", { path: `/${marks.text("path")}?a=${marks.text("query")}`, body: json }],
    [
      "a key that is none",
      { path: "/v1/track", body: JSON.stringify({ ...event("x"), writeKey: broken }) },
    ],
    [
      "a forged key",
      { path: "/v1/track", body: JSON.stringify({ ...event("x"), writeKey: forged(writeKey) }) },
    ],
    [
      "a key and a password",
      keyed(JSON.stringify(event("basic")), writeKey, marks.text("password")),
    ],
    [
      "telemetry",
      { path: "/v1/m", body: JSON.stringify({ series: [{ tags: [marks.text("telemetry")] }] }) },
    ],
    [
      "a preflight",
      { method: "OPTIONS", path: "/v1/t", headers: { "access-control-request-method": "POST" } },
    ],
    ["a settings document", get(`/v1/projects/${writeKey}/settings`)],
    ["nobody's settings document", get(`/v1/projects/${broken}/settings`)],
    ["the browser bundle", get(`/analytics.js/v1/${writeKey}/analytics.min.js`)],
    [
      "what came in outside",
      { path: "/v1/track", body: json, headers: { "MF-CF-Blob": '{"colo":"IAD"}' } },
    ],
  ];
  return shapes.map(([name, raw]) => ({ name, raw: withHeaders(raw, marks) }));
}

const GZIP = { "content-encoding": "gzip" };

/** What browsers and proxies say of a person in passing. */
function withHeaders(raw: RawRequest, marks: Marks): RawRequest {
  return {
    ...raw,
    headers: {
      "user-agent": `Browser/1 ${marks.text("user agent")}`,
      referer: `https://shop.example/${marks.text("referrer")}`,
      cookie: `id=${marks.text("cookie")}`,
      origin: "https://shop.example",
      "x-forwarded-for": marks.text("origin"),
      ...raw.headers,
    },
  };
}

function get(path: string): RawRequest {
  return { method: "GET", path };
}

function strict(body: unknown): RawRequest {
  return { path: "/v1/track", body: JSON.stringify(body), headers: { "x-strict-mode": "1" } };
}

function encoded(body: string, encoding: string): RawRequest {
  return { path: "/v1/track", body, headers: { "content-encoding": encoding } };
}

function keyed(body: string, writeKey: string, password: string): RawRequest {
  const basic = Buffer.from(`${writeKey}:${password}`).toString("base64");
  return { path: "/v1/track", body, headers: { authorization: `Basic ${basic}` } };
}

function oversize(json: string, bytes: number, text: string): string {
  return `${json.slice(0, -1)},"filler":"${text.repeat(Math.ceil(bytes / text.length))}"}`;
}

function forged(writeKey: string): string {
  return writeKey.slice(0, -1) + (writeKey.endsWith("0") ? "1" : "0");
}

function base64Url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
