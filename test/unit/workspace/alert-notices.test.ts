import { describe, expect, it } from "vitest";

import {
  noticeBody,
  RECOVERED_MS,
  weighAlerts,
  type HeldAlert,
} from "../../../src/workspace/alert-notices.ts";
import type { Alert } from "../../../src/workspace/alerts.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const MINUTE_MS = 60_000;

const FAILED: Alert = {
  code: "delivery_failed",
  subject: "dst_eu_a",
  sinceMs: NOW_MS - MINUTE_MS,
  count: 3,
};

/** What is held after these looks, a minute apart, and all that was told. */
function look(looks: readonly (readonly Alert[])[], stepMs = MINUTE_MS) {
  let held: readonly HeldAlert[] = [];
  const told: string[] = [];
  looks.forEach((open, i) => {
    const weighed = weighAlerts(open, held, NOW_MS + i * stepMs);
    held = weighed.held;
    told.push(...weighed.notices.map(({ state, code, subject }) => `${state} ${code} ${subject}`));
  });
  return { held, told };
}

describe("weighAlerts()", () => {
  it("tells of an alert once, however long it is open", () => {
    expect(look([[FAILED], [FAILED], [FAILED]]).told).toEqual(["open delivery_failed dst_eu_a"]);
  });

  it("tells of it again for another subject", () => {
    const other = { ...FAILED, subject: "dst_eu_b" };

    expect(look([[FAILED], [FAILED, other]]).told).toEqual([
      "open delivery_failed dst_eu_a",
      "open delivery_failed dst_eu_b",
    ]);
  });

  it("tells once that it is over, after it was gone for a while", () => {
    const { told, held } = look([[FAILED], [], [], []], RECOVERED_MS / 2);

    expect([told, held]).toEqual([
      ["open delivery_failed dst_eu_a", "recovered delivery_failed dst_eu_a"],
      [],
    ]);
  });

  it("takes one that flickers for one", () => {
    expect(look([[FAILED], [], [FAILED], [], [FAILED]]).told).toEqual([
      "open delivery_failed dst_eu_a",
    ]);
  });

  it("tells of a pause only once it lasts", () => {
    const paused: Alert = { ...FAILED, code: "delivery_paused" };

    expect(look([[paused], [paused], []]).told).toEqual([]);
    expect(look(Array.from({ length: 6 }, () => [paused])).told).toEqual([
      "open delivery_paused dst_eu_a",
    ]);
  });

  it("keeps the beginning of an alert whose own moves", () => {
    const later = { ...FAILED, sinceMs: NOW_MS };

    expect(look([[FAILED], [later]]).held).toMatchObject([{ sinceMs: FAILED.sinceMs }]);
  });
});

describe("noticeBody()", () => {
  it("holds ids, a code, times and a count", () => {
    const about = { id: "ntc_eu_a", workspaceId: "ws_eu_a", region: "eu", nowMs: NOW_MS };
    const notice = {
      state: "open",
      code: "source_silent",
      subject: "",
      sinceMs: 0,
      count: 1,
    } as const;

    expect(noticeBody(notice, about)).toEqual({
      type: "alert",
      id: "ntc_eu_a",
      workspaceId: "ws_eu_a",
      region: "eu",
      state: "open",
      at: "2026-11-22T12:00:00.000Z",
      code: "source_silent",
      subject: null,
      since: "1970-01-01T00:00:00.000Z",
      count: 1,
    });
  });
});
