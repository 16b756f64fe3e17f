import { describe, expect, it } from "vitest";

import {
  effectsOf,
  REGULATION_STATUSES,
  REGULATION_TYPES,
} from "../../../src/regulation/regulation.ts";

describe("a regulation", () => {
  it("is of Segment's seven types", () => {
    expect(REGULATION_TYPES.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "DELETE_ARCHIVE_ONLY",
      "DELETE_INTERNAL",
      "DELETE_ONLY",
      "SUPPRESS_ONLY",
      "SUPPRESS_WITH_DELETE",
      "SUPPRESS_WITH_DELETE_INTERNAL",
      "UNSUPPRESS",
    ]);
  });

  it("has Segment's seven statuses", () => {
    expect(REGULATION_STATUSES.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "FAILED",
      "FINISHED",
      "INITIALIZED",
      "INVALID",
      "NOT_SUPPORTED",
      "PARTIAL_SUCCESS",
      "RUNNING",
    ]);
  });

  it.each(REGULATION_TYPES)("of type %s suppresses and deletes what its name says", (type) => {
    const { suppression, deletion } = effectsOf(type);

    expect([suppression === "add", suppression === "lift", deletion !== "none"]).toEqual([
      type.startsWith("SUPPRESS"),
      type === "UNSUPPRESS",
      type.includes("DELETE"),
    ]);
  });
});
