import { describe, expect, it } from "vitest";

import {
  filterProblems,
  type Filter,
  type FilterAction,
} from "../../../../src/deliver/filter/filter.ts";
import { decide, readyRules } from "../../../../src/deliver/filter/decide.ts";
import { previewFilter } from "../../../../src/deliver/filter/preview.ts";

const EVENT = {
  type: "track",
  event: "Order Completed",
  messageId: "m-1",
  userId: "u-1",
  context: { ip: "192.0.2.1", library: { name: "x", version: "1" } },
  properties: {
    email: "a@example.com",
    total: 9,
    "card.number": 1,
    products: [
      { sku: "a", price: 1 },
      { sku: "b", price: 2 },
    ],
  },
};

const ALL_OF_IT: FilterAction = { type: "SAMPLE", percent: 1 };
const NONE_OF_IT: FilterAction = { type: "SAMPLE", percent: 0 };

function filter(condition: string, ...actions: readonly FilterAction[]): Filter {
  return { title: "", if: condition, actions, enabled: true };
}

function decideBy(...filters: readonly Filter[]) {
  return decide(
    EVENT,
    readyRules({ addressee: { kind: "storage" }, consentCategories: [], filters }),
  );
}

function left(...filters: readonly Filter[]): unknown {
  const decision = decideBy(...filters);
  return decision.kind === "deliver" ? decision.event : decision.code;
}

describe("destination filters", () => {
  it("let an event through as it is when none is about it", () => {
    expect(left(filter("type = 'identify'", { type: "DROP" }))).toBe(EVENT);
  });

  it("drop what meets the condition", () => {
    expect(left(filter("properties.total > 5", { type: "DROP" }))).toBe("FILTERED_BY_RULES");
  });

  it("leave out one that is switched off", () => {
    const off = { ...filter("all", { type: "DROP" }), enabled: false };

    expect(left(off)).toBe(EVENT);
  });

  it("drop properties at any path, also in every object of a list", () => {
    const fields = {
      properties: ["email", "none"],
      "properties.products": ["price"],
      "": ["userId"],
    };

    expect(left(filter("all", { type: "DROP_PROPERTIES", fields }))).toEqual({
      type: "track",
      event: "Order Completed",
      messageId: "m-1",
      context: EVENT.context,
      properties: { total: 9, "card.number": 1, products: [{ sku: "a" }, { sku: "b" }] },
    });
  });

  it("allow properties at a path and leave other paths alone", () => {
    const fields = { properties: ["total"], "context.library": ["name"] };

    expect(left(filter("all", { type: "ALLOW_PROPERTIES", fields }))).toEqual({
      ...EVENT,
      context: { ip: "192.0.2.1", library: { name: "x" } },
      properties: { total: 9 },
    });
  });

  it("allow only what all filters allow", () => {
    const one = filter("all", {
      type: "ALLOW_PROPERTIES",
      fields: { properties: ["total", "email"] },
    });
    const two = filter("all", { type: "ALLOW_PROPERTIES", fields: { properties: ["total"] } });

    expect(left(one, two)).toMatchObject({ properties: { total: 9 } });
    expect(left(two, one)).not.toMatchObject({ properties: { email: "a@example.com" } });
  });

  it("allow nothing that they drop, however the two are listed", () => {
    const allow: FilterAction = {
      type: "ALLOW_PROPERTIES",
      fields: { properties: ["email", "total"] },
    };
    const drop: FilterAction = { type: "DROP_PROPERTIES", fields: { properties: ["email"] } };

    for (const actions of [
      [allow, drop],
      [drop, allow],
    ] as const) {
      expect((left(filter("all", ...actions)) as typeof EVENT).properties).toEqual({ total: 9 });
    }
  });

  it("sample before they drop properties, by the value that is dropped", () => {
    const sample: FilterAction = { type: "SAMPLE", percent: 0.5, path: "properties.total" };
    const drop: FilterAction = { type: "DROP_PROPERTIES", fields: { properties: ["total"] } };
    const sampledBy = (...actions: readonly FilterAction[]): readonly number[] => {
      const rules = readyRules({
        addressee: { kind: "storage" },
        consentCategories: [],
        filters: [filter("all", ...actions)],
      });
      const totals = Array.from({ length: 40 }, (_, total) => total);
      return totals.filter(
        (total) => decide({ ...EVENT, properties: { total } }, rules).kind === "deliver",
      );
    };

    expect(sampledBy(drop, sample)).toEqual(sampledBy(sample));
  });

  it("take away nothing for a condition on what another filter takes away first", () => {
    const hide = filter("all", { type: "DROP_PROPERTIES", fields: { properties: ["total"] } });
    const drop = filter("properties.total > 5", { type: "DROP" });

    expect(left(hide, drop)).toBe("FILTERED_BY_RULES");
  });

  it("sample all, or nothing", () => {
    expect([left(filter("all", ALL_OF_IT)), left(filter("all", NONE_OF_IT))]).toEqual([
      EVENT,
      "FILTERED_BY_RULES",
    ]);
  });

  it("never change the event that was given", () => {
    const before = structuredClone(EVENT);

    left(
      filter(
        "all",
        { type: "DROP_PROPERTIES", fields: { "": ["userId"], "properties.products": ["sku"] } },
        { type: "ALLOW_PROPERTIES", fields: { context: [] } },
      ),
    );

    expect(EVENT).toEqual(before);
  });

  it.each([
    ["cannot be read", filter('userId = oops"', ALL_OF_IT)],
    ["cannot be evaluated for the event", filter("number(event) > 1", ALL_OF_IT)],
    ["has a path that is none", filter("all", { type: "DROP_PROPERTIES", fields: { "a..b": [] } })],
    ["samples more than all", filter("all", { type: "SAMPLE", percent: 1.5 })],
    ["samples not a number", filter("all", { type: "SAMPLE", percent: Number.NaN })],
  ])("fail closed for one that %s", (_, broken) => {
    expect(left(broken)).toBe("INVALID_SETTINGS");
  });

  it("fail closed for a broken filter although another one already let the event through", () => {
    expect(left(filter("all", ALL_OF_IT), filter("(", { type: "DROP" }))).toBe("INVALID_SETTINGS");
  });

  it.each([
    ["a comparison", filter("properties.deep = [1]", { type: "DROP" })],
    ["a text", filter("string(properties.list) = 'x'", { type: "DROP" })],
  ])("fail closed for %s of a value too deep for the stack", (_, deep) => {
    const levels = 20_000;
    const properties: unknown = JSON.parse(
      `{"deep":${'{"a":'.repeat(levels)}1${"}".repeat(levels)},"list":${"[".repeat(levels)}${"]".repeat(levels)}}`,
    );
    const rules = readyRules({
      addressee: { kind: "storage" },
      consentCategories: [],
      filters: [deep],
    });

    expect(decide({ type: "track", properties }, rules)).toEqual({
      kind: "filtered",
      code: "INVALID_SETTINGS",
    });
  });

  it("reach a field with a dot in its name by a backslash", () => {
    const fields = { "properties\\.card": [], properties: ["card.number"] };

    expect(left(filter("all", { type: "DROP_PROPERTIES", fields }))).not.toMatchObject({
      properties: { "card.number": 1 },
    });
  });
});

describe("filterProblems()", () => {
  const fine = filter("type = 'track'", { type: "DROP" });

  it("finds none in filters within the limits", () => {
    expect(filterProblems(Array.from({ length: 10 }, () => fine))).toEqual([]);
  });

  it.each([
    ["an eleventh filter", Array.from({ length: 11 }, () => fine)],
    ["a title of 65 characters", [{ ...fine, title: "ü".repeat(65) }]],
    ["an FQL of more than 5 KB", [filter(`event = '${"a".repeat(5_120)}'`, { type: "DROP" })]],
    ["an FQL that is none", [filter("event =", { type: "DROP" })]],
    ["no action", [filter("all")]],
    [
      "a path with an empty name",
      [filter("all", { type: "DROP_PROPERTIES", fields: { "a.": [] } })],
    ],
    ["a share above one", [filter("all", { type: "SAMPLE", percent: 1.01 })]],
    ["a share below zero", [filter("all", { type: "SAMPLE", percent: -0.01 })]],
  ] as const)("finds %s", (_, filters) => {
    expect(filterProblems(filters)).toHaveLength(1);
  });

  it("allows 64 characters, however many bytes they have", () => {
    expect(filterProblems([{ ...fine, title: "💚".repeat(64) }])).toEqual([]);
  });

  it("quotes nothing of the filter", () => {
    expect(filterProblems([filter("secret secret", { type: "DROP" })]).join()).not.toContain(
      "secret",
    );
  });
});

describe("previewFilter()", () => {
  it("shows the event before and after", () => {
    const actions = [{ type: "ALLOW_PROPERTIES", fields: { properties: ["total"] } }] as const;

    expect(previewFilter({ if: "all", actions }, EVENT)).toEqual({
      inputPayload: EVENT,
      result: { ...EVENT, properties: { total: 9 } },
    });
  });

  it.each([
    ["one that drops it", "all"],
    ["one that cannot be read", "(("],
  ])("shows null for %s", (_, condition) => {
    expect(previewFilter({ if: condition, actions: [{ type: "DROP" }] }, EVENT).result).toBeNull();
  });
});
