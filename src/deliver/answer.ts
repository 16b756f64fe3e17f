import type { EgressRefusal } from "../egress/guard.ts";
import type { DeliveryOutcome } from "./deliverer.ts";

/** Statuses below 500 after which the same request can succeed. */
const TRANSIENT_STATUSES: readonly number[] = [408, 423, 429];
const NOT_IMPLEMENTED = 501;

/** What an answer means for the events that were sent: the retry rules of Segment's own kit. */
export function outcomeOfStatus(
  status: number,
  retryAfter: string | null,
  nowMs: number,
): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  const code = String(status);
  const isTransient =
    TRANSIENT_STATUSES.includes(status) || (status >= 500 && status !== NOT_IMPLEMENTED);
  if (!isTransient) return { kind: "rejected", code };
  const retryAfterMs = retryAfterMsOf(retryAfter, nowMs);
  return { kind: "retry", code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/**
 * What a refusal of our own guard means: the settings lead where the region does not allow, which no
 * later attempt can change. A redirect is the destination's own doing.
 */
export function outcomeOfRefusal({ kind }: EgressRefusal): DeliveryOutcome {
  const isTheirs = kind === "redirected" || kind === "too-many-redirects";
  return { kind: "rejected", code: isTheirs ? "MESSAGE_REJECTED" : "INVALID_SETTINGS" };
}

/** `Retry-After` in ms from now: seconds, or a date. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
