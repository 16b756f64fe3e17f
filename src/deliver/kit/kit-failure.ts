import { EgressRefused } from "../../egress/guarded-fetch.ts";
import { outcomeOfRefusal, outcomeOfStatus } from "../answer.ts";
import type { DeliveryOutcome } from "../deliverer.ts";

const TIMED_OUT: DeliveryOutcome = { kind: "retry", code: "ETIMEDOUT" };
const UNREACHABLE: DeliveryOutcome = { kind: "retry", code: "ECONNRESET" };
const MESSAGE_REJECTED: DeliveryOutcome = { kind: "rejected", code: "MESSAGE_REJECTED" };

/** Names that the platform and the kit give to a request that took too long. */
const TIMEOUT_NAMES: readonly string[] = ["TimeoutError", "RequestTimeoutError", "AbortError"];

/** The kit's errors for events that do not fit; their texts quote the event. */
const VALIDATION_NAMES: readonly string[] = ["AggregateAjvError", "ValidationError"];

/** What may be known of an error of the kit, of a destination's code, or of the platform. */
type Thrown = {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
  readonly response?: { readonly status?: unknown; readonly headers?: unknown };
};

/**
 * What an error that a destination of the kit threw means for the events: an answer of the vendor by
 * its status, a refusal of ours, an event that does not fit, or the network. An error that says
 * nothing is a fault of the destination's code, which another attempt would meet again.
 */
export function outcomeOfError(error: unknown, nowMs: number): DeliveryOutcome {
  if (error instanceof EgressRefused) return outcomeOfRefusal(error.refusal);
  const { name, status, response } = asThrown(error);
  if (typeof response?.status === "number") {
    return outcomeOfFailure(response.status, retryAfterOf(response.headers), nowMs);
  }
  if (typeof name === "string" && VALIDATION_NAMES.includes(name)) return MESSAGE_REJECTED;
  if (isTimeout(error)) return TIMED_OUT;
  if (typeof status === "number") return outcomeOfFailure(status, null, nowMs);
  // What `fetch` throws when there is no answer; a fault of the code's own is a TypeError too.
  return isNetworkError(error) ? UNREACHABLE : { kind: "rejected", code: "INTERNAL" };
}

/** What one event's own status in an answer for many means. */
export function outcomeOfNode(node: unknown, nowMs: number): DeliveryOutcome {
  const { status } = asThrown(node);
  if (typeof status !== "number") return { kind: "rejected", code: "INTERNAL" };
  return outcomeOfStatus(status, null, nowMs);
}

/** Whether the credential is what was refused. */
export function isUnauthorized(error: unknown): boolean {
  const { status, response } = asThrown(error);
  return status === 401 || response?.status === 401;
}

/** An error is never a delivery, even one that carries a good status. */
function outcomeOfFailure(
  status: number,
  retryAfter: string | null,
  nowMs: number,
): DeliveryOutcome {
  const outcome = outcomeOfStatus(status, retryAfter, nowMs);
  return outcome.kind === "delivered" ? MESSAGE_REJECTED : outcome;
}

function isTimeout(error: unknown): boolean {
  const { name, code } = asThrown(error);
  return code === "ETIMEDOUT" || (typeof name === "string" && TIMEOUT_NAMES.includes(name));
}

/** Workers and Node both say it in words only. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /network|fetch failed|connection|socket|internal error;|ECONN|ENOTFOUND/i.test(
    error.message,
  );
}

function retryAfterOf(headers: unknown): string | null {
  return headers instanceof Headers ? headers.get("retry-after") : null;
}

function asThrown(error: unknown): Thrown {
  return typeof error === "object" && error !== null ? error : {};
}
