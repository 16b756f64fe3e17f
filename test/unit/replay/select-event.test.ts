import { describe, expect, it } from "vitest";

import { mayReceive, type Addressee } from "../../../src/deliver/filter/permission.ts";
import { isSelected, readdressed } from "../../../src/replay/select-event.ts";

const SPEC = {
  sourceId: "src_eu_0123456789abcdefghjkmnpqrs",
  destinationId: "dst_eu_0123456789abcdefghjkmnpqrs",
  fromMs: Date.UTC(2026, 0, 1),
  toMs: Date.UTC(2026, 0, 2),
  createdAtMs: 0,
} as const;
const AMPLITUDE: Addressee = { kind: "destination", names: ["Amplitude", "Actions Amplitude"] };

describe("isSelected()", () => {
  it.each([
    ["2025-12-31T23:59:59.999Z", false],
    ["2026-01-01T00:00:00.000Z", true],
    ["2026-01-01T23:59:59.999Z", true],
    ["2026-01-02T00:00:00.000Z", false],
    ["no time", false],
    [undefined, false],
  ])("takes an event received at %s: %s", (receivedAt, isTaken) => {
    expect(isSelected({ type: "track", receivedAt }, SPEC)).toBe(isTaken);
  });

  it.each([
    [{ type: "track", event: "Order" }, true],
    [{ type: "page", name: "Order" }, true],
    [{ type: "track", event: "Other", name: "Order" }, false],
    [{ type: "identify" }, false],
  ])("takes %o by its name: %s", (event, isTaken) => {
    const receivedAt = "2026-01-01T00:00:00.000Z";

    expect(isSelected({ ...event, receivedAt }, { ...SPEC, names: ["Order"] })).toBe(isTaken);
  });
});

describe("readdressed()", () => {
  it.each([
    ["nothing said", undefined],
    ["all refused", { All: false }],
    ["this one refused", { Amplitude: false }],
  ])("lets the destination have the event, and no other: %s", (_said, integrations) => {
    const event = readdressed({ type: "track", integrations }, AMPLITUDE);

    expect([
      mayReceive(event, AMPLITUDE),
      mayReceive(event, { kind: "destination", names: ["Other"] }),
      mayReceive(event, { kind: "warehouse", id: "dst_1" }),
    ]).toEqual([true, false, true]);
  });

  it("keeps the options that the event carries for the destination", () => {
    const options = { session_id: 7 };
    const event = readdressed(
      { integrations: { "Actions Amplitude": options, Other: true } },
      AMPLITUDE,
    );

    expect(event["integrations"]).toEqual({ All: false, "Actions Amplitude": options });
  });

  it("names a warehouse by its id alone", () => {
    const event = readdressed({}, { kind: "warehouse", id: "dst_1" });

    expect([
      mayReceive(event, { kind: "warehouse", id: "dst_1" }),
      mayReceive(event, { kind: "warehouse", id: "dst_2" }),
    ]).toEqual([true, false]);
  });

  it("leaves copies of raw events as they are", () => {
    const event = { integrations: { All: false } };

    expect(readdressed(event, { kind: "storage" })).toBe(event);
  });
});
