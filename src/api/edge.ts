import { regionOf } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { hostRegionOf } from "../ingest/authenticate.ts";
import {
  coloOf,
  EDGE_DEFAULTS,
  EDGE_RETRY_AFTER_MS,
  homeOfColo,
  judgeEdge,
  refusalOutcome,
  strictHomeOf,
  type EdgeAnswer,
} from "../region/edge.ts";
import type { ApiServices } from "../workspace/ports.ts";
import type { Caller } from "./caller.ts";
import type { Operation } from "./operation.ts";
import { refuse, type Problem } from "./problem.ts";
import { problemOf } from "./refusals.ts";

/**
 * Judges a call by the Cloudflare location it came in at, before its body is read. Calls that only
 * say what everybody may know are let through; those of the operator and of whoever redeems an
 * invite are judged by the host alone, since they name no workspace yet.
 */
export async function checkEdge(
  operation: Operation,
  request: Request,
  caller: Caller,
  services: ApiServices,
): Promise<Result<void, Problem>> {
  const { access, method } = operation;
  const isOpen = access === "public" && method === "GET";
  if (!services.config.edgeCheck || isOpen) return ok(undefined);
  const colo = coloOf(request);
  const host = hostRegionOf(new URL(request.url), services.config);
  const strict = host === undefined || host === "any" ? undefined : strictHomeOf(host);
  const isRefusedByHost = strict !== undefined && homeOfColo(colo) !== strict;
  if (caller.kind !== "token" || access === "public" || access === "operator") {
    if (!isRefusedByHost) return ok(undefined);
    const { answer } = EDGE_DEFAULTS[strict];
    services.countEdge(strict, colo, refusalOutcome(answer));
    return outside(answer);
  }
  const { workspaceId, credential } = caller;
  const home = regionOf(workspaceId);
  if (!isRefusedByHost && homeOfColo(colo) === home) return ok(undefined);
  const call = { credential, need: access };
  const workspace = await services.workspaceAdmin(workspaceId).describe(call);
  if (!workspace.ok) return err(problemOf(workspace.error));
  const { edgePolicy, edgeAnswer } = workspace.value;
  const outcome = isRefusedByHost
    ? refusalOutcome(edgeAnswer)
    : judgeEdge(colo, home, { policy: edgePolicy, answer: edgeAnswer });
  services.countEdge(workspaceId, colo, outcome);
  return outcome === "held" || outcome === "rejected" ? outside(edgeAnswer) : ok(undefined);
}

/**
 * Counts a call that came in inside its region. Others were counted when they were judged, and one
 * whose token does not hold is nobody's.
 */
export function countInside(
  request: Request,
  caller: Caller,
  answer: Result<unknown, Problem>,
  services: ApiServices,
): void {
  if (!services.config.edgeCheck || caller.kind !== "token") return;
  if (!answer.ok && answer.error.code === "unauthenticated") return;
  const colo = coloOf(request);
  if (homeOfColo(colo) !== regionOf(caller.workspaceId)) return;
  services.countEdge(caller.workspaceId, colo, "accepted");
}

function outside(answer: EdgeAnswer): Result<never, Problem> {
  const detail =
    "The request came in at a Cloudflare location outside the region. It was not read.";
  return answer === "hold"
    ? refuse("outside_region", detail, { retryAfterSeconds: EDGE_RETRY_AFTER_MS / 1000 })
    : refuse("outside_region", detail, { isFinal: true });
}
