import { describe, expect, it } from "vitest";

import type { Acceptance } from "../../../src/ingest/accept-events.ts";
import type { SchemaControls } from "../../../src/workspace/schema-controls.ts";
import { acceptBatch, acceptOne, lineOf } from "../../support/accepted.ts";

const SCHEMA: SchemaControls = {
  events: { "Order Completed": ["total", "note"] },
  unplannedEvents: "block",
  blockedEvents: ["Debug"],
  unplannedProperties: "omit",
  identifyTraits: ["plan"],
};

type Json = Readonly<Record<string, unknown>>;

function track(event: string, changes: Json = {}): string {
  return JSON.stringify({ type: "track", event, userId: "u", ...changes });
}

function order(rest: string): string {
  return `{"type":"track","event":"Order Completed","userId":"u",${rest}}`;
}

/** What is archived of one event. */
function archived(json: string, schema: SchemaControls = SCHEMA): Json {
  return JSON.parse(lineOf(accept(json, schema))) as Json;
}

function accept(json: string, schema: SchemaControls = SCHEMA): Acceptance {
  const { type } = JSON.parse(json) as { readonly type: "track" };
  return acceptOne(json, {}, type, schema);
}

describe("a source's schema", () => {
  it.each([
    ["Order Refunded", "unplanned"],
    ["Debug", "event_setting"],
    ["constructor", "unplanned"],
  ])("blocks the track event %j as %s", (event, code) => {
    expect(accept(track(event)).refused).toEqual({ [code]: 1 });
  });

  it("blocks a planned event that is blocked by name", () => {
    const schema = { ...SCHEMA, blockedEvents: ["Order Completed"] };

    expect(accept(track("Order Completed"), schema).refused).toEqual({ event_setting: 1 });
  });

  it("lets unplanned events through, whole, where that is allowed", () => {
    const schema = { ...SCHEMA, unplannedEvents: "allow" } as const;

    expect(archived(track("Other", { properties: { a: 1 } }), schema)).toMatchObject({
      properties: { a: 1 },
    });
  });

  it("keeps the other events of a batch", () => {
    const { lines } = acceptBatch(
      `{"batch":[${track("Debug")},${track("Order Completed", { messageId: "kept" })}]}`,
      {},
      SCHEMA,
    );

    expect(new TextDecoder().decode(lines).trim().split("\n")).toHaveLength(1);
  });

  it("says of a damaged event what is wrong with it, planned or not", () => {
    expect(accept('{"type":"track","event":"Other"}').refused).toEqual({ no_user_anon_id: 1 });
  });

  it("omits unplanned properties, and notes their names", () => {
    expect(
      archived(track("Order Completed", { properties: { total: 1, email: "a" } })),
    ).toMatchObject({
      properties: { total: 1 },
      context: { protocols: { omitted: ["properties.email"] } },
    });
  });

  it("leaves nothing of what it omits in the line", () => {
    const line = lineOf(accept(track("Order Completed", { properties: { email: "a@b.c" } })));

    expect(line).not.toContain("a@b.c");
  });

  it("keeps what stays byte by byte", () => {
    const json = order('"properties":{"note":"a\\u0062","gone":1,"total":12345678901234567890.10}');

    expect(lineOf(accept(json))).toContain(
      '"properties":{"note":"a\\u0062","total":12345678901234567890.10}',
    );
  });

  it("finds a name however it is spelled", () => {
    const json = order('"properties":{"t\\u006ftal":1,"e\\u00e9":2}');

    expect(archived(json)).toMatchObject({
      properties: { total: 1 },
      context: { protocols: { omitted: ["properties.eé"] } },
    });
  });

  it("says for itself what it omitted, whatever the caller notes there", () => {
    const json = order(
      '"properties":{"x":1},"context":{"a":1,"protocols":{"omitted":["mine"]},"b":2}',
    );

    expect(archived(json)["context"]).toEqual({
      a: 1,
      b: 2,
      protocols: { omitted: ["properties.x"] },
    });
  });

  it("notes it beside what a batch says for all of its events", () => {
    const { lines } = acceptBatch(
      `{"context":{"app":"x","protocols":1},"batch":[${track("Order Completed", { properties: { y: 1 } })}]}`,
      {},
      SCHEMA,
    );

    const [line = ""] = new TextDecoder().decode(lines).split("\n");
    expect((JSON.parse(line) as Json)["context"]).toEqual({
      app: "x",
      protocols: { omitted: ["properties.y"] },
    });
  });

  it("omits unplanned traits of an identify", () => {
    const json = JSON.stringify({
      type: "identify",
      userId: "u",
      traits: { plan: "a", email: "b" },
    });

    expect(archived(json)["traits"]).toEqual({ plan: "a" });
  });

  it.each([
    [track("Order Completed", { properties: { total: 1 } })],
    [JSON.stringify({ type: "page", userId: "u", properties: { anything: 1 } })],
    [JSON.stringify({ type: "group", userId: "u", groupId: "g", traits: { anything: 1 } })],
  ])("leaves %j as it is", (json) => {
    expect(lineOf(accept(json))).toBe(lineOf(acceptOne(json, {}, JSON.parse(json).type)));
  });
});
