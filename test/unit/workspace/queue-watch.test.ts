import { describe, expect, it } from "vitest";

import { archiveSigns, isRefusing } from "../../../src/workspace/queue-watch.ts";

const NOW_MS = 1_000_000_000;
const MINUTE_MS = 60_000;

/** The alerts of a queue whose oldest event waits for so many minutes. */
function signs(minutes: number, alert?: string): readonly string[] {
  const look = { oldestWaitingAtMs: NOW_MS - minutes * MINUTE_MS, alert };
  return [...archiveSigns(look, NOW_MS).keys()];
}

describe("archiveSigns()", () => {
  it.each([
    [1, undefined, []],
    [16, undefined, ["archive_lag"]],
    [1, "eu-west-1: unavailable (503)", []],
    [6, "eu-west-1: refused with 403 AccessDenied", ["archive_failing"]],
    [16, "eu-west-1: unavailable (503)", ["archive_lag", "archive_failing"]],
    [1, "archive_conflict: an object of this file's name holds other events", ["archive_conflict"]],
    [6, "archive_failover: files go to eu-central-1", []],
    [6, "archive_suspects: 1 places may hold a second copy of a file", []],
  ])("finds after %i minutes with the alert %j: %j", (minutes, alert, expected) => {
    expect(signs(minutes, alert)).toEqual(expected);
  });

  it("finds nothing in a queue in which nothing waits", () => {
    const look = { oldestWaitingAtMs: undefined, alert: "eu-west-1: unavailable (503)" };

    expect([...archiveSigns(look, NOW_MS)]).toEqual([]);
  });
});

describe("isRefusing()", () => {
  it.each([
    ["a tenth of a busy source's", { accepted: 9_000, refused: 1_000 }, true],
    ["all of a source's", { accepted: 0, refused: 100 }, true],
    ["a few of a quiet source's", { accepted: 0, refused: 99 }, false],
    ["a hundredth of a busy source's", { accepted: 99_000, refused: 1_000 }, false],
  ])("weighs %s events", (_, since, expected) => {
    const before = { accepted: 5_000, refused: 700 };
    const now = {
      accepted: before.accepted + since.accepted,
      refused: before.refused + since.refused,
    };

    expect(isRefusing(before, now)).toBe(expected);
  });
});
