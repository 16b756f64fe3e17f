import { describe, expect, it } from "vitest";

import {
  applySchema,
  type SchemaControls,
} from "../../../../src/deliver/filter/schema-controls.ts";

const CONTROLS: SchemaControls = {
  events: { "Order Completed": ["total"] },
  unplannedEvents: "block",
  blockedEvents: ["Debug"],
  unplannedProperties: "omit",
  identifyTraits: ["plan"],
};

describe("applySchema()", () => {
  it.each([
    ["Order Refunded", "unplanned"],
    ["Debug", "event_setting"],
    ["constructor", "unplanned"],
  ])("blocks the track event %j as %s", (event, code) => {
    expect(applySchema({ type: "track", event }, CONTROLS)).toEqual({ kind: "block", code });
  });

  it("omits unplanned properties and notes their names", () => {
    const event = {
      type: "track",
      event: "Order Completed",
      properties: { total: 1, email: "a" },
      context: { ip: "x" },
    };

    expect(applySchema(event, CONTROLS)).toEqual({
      kind: "accept",
      event: {
        type: "track",
        event: "Order Completed",
        properties: { total: 1 },
        context: { ip: "x", protocols: { omitted: ["properties.email"] } },
      },
    });
  });

  it("omits unplanned traits of an identify", () => {
    const event = { type: "identify", traits: { plan: "a", email: "b" } };

    expect(applySchema(event, CONTROLS)).toMatchObject({ event: { traits: { plan: "a" } } });
    expect(applySchema(event, CONTROLS)).not.toMatchObject({ event: { traits: { email: "b" } } });
  });

  it.each([
    [{ type: "track", event: "Order Completed", properties: { total: 1 } }],
    [{ type: "page", properties: { anything: 1 } }],
    [{ type: "group", traits: { anything: 1 } }],
  ])("leaves %j as it is", (event) => {
    expect(applySchema(event, CONTROLS)).toEqual({ kind: "accept", event });
  });

  it("lets unplanned events through where that is allowed", () => {
    const event = { type: "track", event: "Other" };

    expect(applySchema(event, { ...CONTROLS, unplannedEvents: "allow" }).kind).toBe("accept");
  });
});
