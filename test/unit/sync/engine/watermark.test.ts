import { describe, expect, it } from "vitest";

import { nextWindow } from "../../../../src/sync/engine/watermark.ts";

describe("nextWindow()", () => {
  it("reads everything there is in a first run that backfills", () => {
    expect(nextWindow(undefined, "7", "backfill_all_records")).toEqual({
      window: { from: undefined, to: "7" },
      mark: { value: "7", isSkipped: false },
    });
  });

  it("reads nothing in a first run that skips", () => {
    expect(nextWindow(undefined, "7", "skip_current_records")).toEqual({
      window: undefined,
      mark: { value: "7", isSkipped: true },
    });
  });

  it("takes for new whatever comes after a first run that skips found nothing", () => {
    const { mark } = nextWindow(undefined, undefined, "skip_current_records");

    expect(nextWindow(mark, "7", "skip_current_records")).toEqual({
      window: { from: undefined, to: "7" },
      mark: { value: "7", isSkipped: false },
    });
  });

  it("goes on from the mark's own value", () => {
    const mark = { value: "7", isSkipped: false };

    expect(nextWindow(mark, "9", "backfill_all_records")).toEqual({
      window: { from: mark, to: "9" },
      mark: { value: "9", isSkipped: false },
    });
  });

  it("remembers that a value was skipped until a greater one comes", () => {
    const mark = { value: "7", isSkipped: true };

    expect([
      nextWindow(mark, undefined, "skip_current_records").mark,
      nextWindow(mark, "8", "skip_current_records").mark,
    ]).toEqual([mark, { value: "8", isSkipped: false }]);
  });

  it("keeps the mark while the source has nothing behind it", () => {
    const mark = { value: "7", isSkipped: false };

    expect(nextWindow(mark, undefined, "backfill_all_records")).toEqual({
      window: undefined,
      mark,
    });
  });
});
