import { describe, expect, it } from "vitest";

import { decide, readyRules } from "../../../../src/deliver/filter/decide.ts";
import {
  isConsented,
  mayReceive,
  type Addressee,
} from "../../../../src/deliver/filter/permission.ts";

const AMPLITUDE: Addressee = { kind: "destination", names: ["Amplitude", "Actions Amplitude"] };
const WAREHOUSE: Addressee = { kind: "warehouse", id: "dst_1" };

function consent(categoryPreferences: unknown): Readonly<Record<string, unknown>> {
  return { context: { consent: { categoryPreferences } } };
}

describe("isConsented()", () => {
  it.each([
    ["a destination in no category", consent({ ads: false }), [], true],
    ["an event without a consent object", { context: {} }, ["ads"], true],
    ["an event without a context", {}, ["ads"], true],
    ["a category that was agreed to", consent({ ads: true }), ["ads"], true],
    ["one of two categories not agreed to", consent({ ads: true, b: false }), ["ads", "b"], false],
    ["two categories that were agreed to", consent({ ads: true, b: true }), ["ads", "b"], true],
    ["empty preferences", consent({}), ["ads"], false],
    ["a category that is not mentioned", consent({ b: true }), ["ads"], false],
    ["an answer that is no boolean", consent({ ads: "true" }), ["ads"], false],
    ["preferences that are no object", consent([true]), ["ads"], false],
    ["a consent object without preferences", { context: { consent: {} } }, ["ads"], false],
    ["a consent object that is null", { context: { consent: null } }, ["ads"], false],
    ["a name that only a prototype has", consent({}), ["constructor"], false],
  ] as const)("%s", (_, event, categories, wanted) => {
    expect(isConsented(event, categories)).toBe(wanted);
  });
});

describe("mayReceive() for a destination", () => {
  it.each([
    [undefined, true],
    [null, true],
    [{}, true],
    [{ All: true }, true],
    [{ All: false }, false],
    [{ all: false }, false],
    [{ All: true, all: false }, false],
    [{ All: false, Amplitude: true }, true],
    [{ All: false, "Actions Amplitude": true }, true],
    [{ All: false, amplitude: true }, false],
    [{ Amplitude: false }, false],
    [{ amplitude: false }, true],
    [{ All: true, Amplitude: false }, false],
    [{ All: false, Amplitude: { session_id: 1 } }, true],
    [{ Amplitude: { session_id: 1 } }, true],
    [{ Amplitude: true, "Actions Amplitude": false }, false],
    [{ Mixpanel: false }, true],
    [{ Amplitude: "false" }, false],
    [{ Amplitude: null }, false],
    [{ All: 0 }, false],
    [{ Warehouses: { all: false } }, true],
  ])("integrations %j: %s", (integrations, wanted) => {
    expect(mayReceive({ integrations }, AMPLITUDE)).toBe(wanted);
  });
});

describe("mayReceive() for a warehouse", () => {
  it.each([
    [{ All: false }, true],
    [{ Warehouses: { all: false } }, false],
    [{ Warehouses: { all: true } }, true],
    [{ Warehouses: false }, false],
    [{ Warehouses: true }, true],
    [{ Warehouses: { warehouseIds: ["dst_1"] } }, true],
    [{ Warehouses: { warehouseIds: ["dst_2"] } }, false],
    [{ Warehouses: { all: false, warehouseIds: ["dst_1"] } }, true],
    [{ Warehouses: { warehouseIds: "dst_1" } }, false],
    [{ Warehouses: "no" }, false],
  ])("integrations %j: %s", (integrations, wanted) => {
    expect(mayReceive({ integrations }, WAREHOUSE)).toBe(wanted);
  });
});

describe("decide()", () => {
  const rules = readyRules({
    addressee: AMPLITUDE,
    consentCategories: ["ads"],
    filters: [{ title: "", if: "type = 'track'", actions: [{ type: "DROP" }], enabled: true }],
  });
  const refused = consent({ ads: false });
  const integrations = { All: false };

  it.each([
    ["consent", { ...refused, integrations, type: "track" }, "FILTERED_BY_END_USER_CONSENT"],
    ["integrations", { integrations, type: "track" }, "FILTERED_BY_INTEGRATIONS_OBJECT"],
    ["the filters", { type: "track" }, "FILTERED_BY_RULES"],
  ])("asks %s before what comes after it", (_, event, code) => {
    expect(decide(event, rules)).toEqual({ kind: "filtered", code });
  });

  it("leaves copies of raw events out of `integrations`", () => {
    const copy = { ...rules, addressee: { kind: "storage" } } as const;

    expect(decide({ integrations, type: "page" }, copy).kind).toBe("deliver");
  });
});
