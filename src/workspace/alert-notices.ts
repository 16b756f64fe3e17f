import type { RetryRule } from "../deliver/lane/retry.ts";
import type { Alert, AlertCode } from "./alerts.ts";

/** An alert as it is held between two looks, so that its beginning and its end are told once each. */
export type HeldAlert = {
  readonly code: AlertCode;
  /** An id of ours, or empty. */
  readonly subject: string;
  readonly sinceMs: number;
  /** When it was first seen. */
  readonly seenAtMs: number;
  /** Since when it is not seen any more. */
  readonly goneAtMs: number | undefined;
  readonly isTold: boolean;
};

/** What is told of an alert: ids of ours, a code, times and a count. */
export type AlertNotice = {
  readonly state: "open" | "recovered";
  readonly code: AlertCode;
  readonly subject: string;
  readonly sinceMs: number;
  readonly count: number;
};

/** Where notices are sent. */
export type AlertWebhook = {
  readonly url: string;
  /** Hosts that the workspace declares to be in its region. */
  readonly hosts: readonly string[];
  /** Which alerts are told; all when absent. */
  readonly codes?: readonly AlertCode[];
};

const MINUTE_MS = 60_000;

/** An alert has to be gone for this long to count as over, so that one that flickers is told once. */
export const RECOVERED_MS = 5 * MINUTE_MS;

/** A destination that asks for a pause now and then is nothing to wake anybody for. */
const HOLD_MS: Partial<Record<AlertCode, number>> = { delivery_paused: 5 * MINUTE_MS };

/** How long a notice is tried: somebody who learns of it a day later has long seen it. */
export const NOTICE_RULE: RetryRule = {
  forMs: 24 * 60 * MINUTE_MS,
  delayMsMin: 10_000,
  delayMsMax: 15 * MINUTE_MS,
};

/** What a look at the open alerts changes: what is held from now on, and what has to be told. */
export function weighAlerts(
  open: readonly Alert[],
  held: readonly HeldAlert[],
  nowMs: number,
): { readonly held: readonly HeldAlert[]; readonly notices: readonly AlertNotice[] } {
  const before = new Map(held.map((each) => [keyOf(each.code, each.subject), each]));
  const next: HeldAlert[] = [];
  const notices: AlertNotice[] = [];
  for (const { code, subject = "", sinceMs, count } of open) {
    const key = keyOf(code, subject);
    const known = before.get(key);
    before.delete(key);
    const seenAtMs = known?.seenAtMs ?? nowMs;
    const isTold = known?.isTold === true || nowMs - seenAtMs >= (HOLD_MS[code] ?? 0);
    if (isTold && known?.isTold !== true) {
      notices.push({ state: "open", code, subject, sinceMs, count });
    }
    const since = known?.sinceMs ?? sinceMs;
    next.push({ code, subject, sinceMs: since, seenAtMs, goneAtMs: undefined, isTold });
  }
  for (const each of before.values()) {
    const goneAtMs = each.goneAtMs ?? nowMs;
    if (!each.isTold) continue;
    if (nowMs - goneAtMs < RECOVERED_MS) {
      next.push({ ...each, goneAtMs });
      continue;
    }
    const { code, subject, sinceMs } = each;
    notices.push({ state: "recovered", code, subject, sinceMs, count: 0 });
  }
  return { held: next, notices };
}

/** Whether a webhook wants to hear of it. */
export function isWanted({ codes }: AlertWebhook, code: AlertCode): boolean {
  return codes === undefined || codes.includes(code);
}

/** What stands in the request; nothing in it was written by a person. */
export function noticeBody(
  notice: AlertNotice | { readonly state: "test" },
  about: {
    readonly id: string;
    readonly workspaceId: string;
    readonly region: string;
    readonly nowMs: number;
  },
): Readonly<Record<string, unknown>> {
  const { id, workspaceId, region, nowMs } = about;
  const common = { type: "alert", id, workspaceId, region, state: notice.state, at: isoOf(nowMs) };
  if (notice.state === "test") return common;
  const { code, subject, sinceMs, count } = notice;
  return { ...common, code, subject: subject || null, since: isoOf(sinceMs), count };
}

function keyOf(code: AlertCode, subject: string): string {
  return `${code} ${subject}`;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
