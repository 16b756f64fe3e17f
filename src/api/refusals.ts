import { HOME_REGIONS } from "../region/regions.ts";
import type { ConnectionRefusal } from "../sync/connection/connection.ts";
import type { SourceLookRefusal } from "../workspace/connection-ports.ts";
import type { IdempotencyRefusal } from "../workspace/idempotency.ts";
import type { LeavingRefusal } from "../workspace/leaving-ports.ts";
import type { AdminRefusal } from "../workspace/ports.ts";
import type { DestinationRefusal } from "../workspace/destination.ts";
import type { SyncRefusal } from "../workspace/sync-ports.ts";
import { whyNotInRegion } from "../workspace/source-types.ts";
import type { StorageRefusal } from "../workspace/storage-ports.ts";
import type { Problem } from "./problem.ts";

/** Seconds after which a call that met an unfinished one is worth repeating. */
const IN_PROGRESS_SECONDS = 2;

/** Seconds after which a source that did not answer is worth asking again. */
const SOURCE_RETRY_SECONDS = 30;

/** How a refusal of the objects reads on the wire. No `default`: a new arm fails the build. */
export function problemOf(refusal: AdminRefusal): Problem {
  switch (refusal.kind) {
    case "unauthenticated":
      return { code: "unauthenticated", detail: "Send a token of this workspace as Bearer." };
    case "forbidden":
      return { code: "forbidden", detail: `The call needs the right to ${refusal.need}.` };
    case "not-found":
      return { code: "not_found", detail: `This workspace has no such ${refusal.what}.` };
    case "edge-policy-not-allowed":
      return {
        code: "edge_policy_not_allowed",
        detail: `A workspace in ${refusal.home} is strict: transit would have events read in memory outside the region.`,
      };
    case "invite-invalid":
      return { code: "invite_invalid", detail: "Ask the operator for a new workspace's invite." };
    case "region-locked":
      return {
        code: "region_locked",
        detail: `The workspace lives in ${refusal.region} for good. To move, create one there and apply the exported config.`,
      };
    case "not-leaving":
    case "leaving-begun":
      return leavingProblem(refusal);
    case "last-owner-token":
      return { code: "last_owner_token", detail: "Create another owner token first." };
    case "suppressed-in-workspace":
      return {
        code: "suppressed_in_workspace",
        detail: "Lift the suppression of the workspace first; it holds for every source.",
      };
    case "limit-reached":
      return { code: "limit_reached", detail: `At most ${refusal.max} ${refusal.what}.` };
    case "idempotency-key-reused":
    case "idempotency-in-progress":
      return repetitionProblem(refusal);
    case "ingest-region-not-allowed":
    case "source-type-not-in-region":
    case "archive-location-not-allowed":
    case "route-change-in-progress":
    case "too-many-route-changes":
      return sourceProblem(refusal);
    case "storage-invalid":
    case "storage-not-own":
    case "sts-unanswered":
      return storageProblem(refusal);
    case "too-many-write-keys":
    case "write-keys-used-up":
      return keyProblem(refusal);
    case "journal-unanswered":
      return {
        code: "unavailable",
        detail:
          "No bucket of the region took the request's entry in the journal; nothing was begun.",
      };
    case "connection-settings-invalid":
    case "connection-not-in-region":
    case "connection-in-use":
    case "source-failed":
    case "sync-invalid":
    case "sync-in-use":
      return syncProblem(refusal);
    case "destination-not-offered":
    case "no-endpoint-in-region":
    case "destination-settings-invalid":
    case "filters-invalid":
      return destinationProblem(refusal);
  }
}

function leavingProblem({ kind }: LeavingRefusal): Problem {
  switch (kind) {
    case "not-leaving":
      return { code: "not_leaving", detail: "Nothing is going to be deleted here." };
    case "leaving-begun":
      return {
        code: "leaving_begun",
        detail: "The grace is over, and what is deleted cannot be brought back.",
      };
  }
}

function repetitionProblem({ kind }: IdempotencyRefusal): Problem {
  switch (kind) {
    case "idempotency-key-reused":
      return { code: "idempotency_key_reused", detail: "Take a new key for a new request." };
    case "idempotency-in-progress":
      return {
        code: "idempotency_in_progress",
        detail: "Repeat the call to get its answer.",
        retryAfterSeconds: IN_PROGRESS_SECONDS,
      };
  }
}

function syncProblem(refusal: SyncRefusal | ConnectionRefusal | SourceLookRefusal): Problem {
  switch (refusal.kind) {
    case "sync-invalid":
      return {
        code: "sync_invalid",
        detail: "The sync cannot be as it was described.",
        errors: refusal.problems,
      };
    case "sync-in-use":
      return { code: "sync_in_use", detail: `${refusal.by} runs after it; change that one first.` };
    case "connection-settings-invalid":
      return { code: "connection_settings_invalid", detail: `${refusal.problems.join("; ")}.` };
    case "connection-not-in-region":
      return { code: "connection_not_in_region", detail: refusal.why };
    case "connection-in-use":
      return {
        code: "connection_in_use",
        detail: `${refusal.syncs} syncs read from it or write to it; delete or change them first.`,
      };
    case "source-failed":
      return {
        code: refusal.isPassing ? "source_unavailable" : "source_failed",
        detail: `${refusal.message} (${refusal.code}).`,
        ...(refusal.isPassing ? { retryAfterSeconds: SOURCE_RETRY_SECONDS } : {}),
      };
  }
}

function sourceProblem(
  refusal: Extract<
    AdminRefusal,
    {
      kind:
        | "ingest-region-not-allowed"
        | "source-type-not-in-region"
        | "archive-location-not-allowed"
        | "route-change-in-progress"
        | "too-many-route-changes";
    }
  >,
): Problem {
  switch (refusal.kind) {
    case "ingest-region-not-allowed":
      return {
        code: "ingest_region_not_allowed",
        detail: `A workspace in ${refusal.home} takes events in at ${HOME_REGIONS[refusal.home].ingestRegions.join(", ")}, not at ${refusal.ingestRegion}.`,
      };
    case "source-type-not-in-region":
      return {
        code: "source_type_not_in_region",
        detail: whyNotInRegion(refusal.type, refusal.home),
      };
    case "archive-location-not-allowed":
      return {
        code: "archive_location_not_allowed",
        detail: `Name one or more of ${HOME_REGIONS[refusal.home].locations.join(", ")}, each once.`,
      };
    case "route-change-in-progress":
      return {
        code: "route_change_in_progress",
        detail: "Queues of the earlier route are still being closed. Try again.",
        retryAfterSeconds: IN_PROGRESS_SECONDS,
      };
    case "too-many-route-changes":
      return {
        code: "too_many_route_changes",
        detail: "Wait until the deduplication window of the oldest change is over.",
      };
  }
}

function destinationProblem(refusal: DestinationRefusal): Problem {
  switch (refusal.kind) {
    case "destination-not-offered":
      return {
        code: "destination_not_offered",
        detail: "GET /api/v1/catalog/destinations lists what there is.",
      };
    case "no-endpoint-in-region": {
      const { name, home, why, alternatives } = refusal;
      const instead = alternatives.length === 0 ? "" : ` ${alternatives.join(" ")}`;
      return {
        code: "no_endpoint_in_region",
        detail: `${name} cannot be on in a workspace in ${home}. ${why}${instead}`,
      };
    }
    case "destination-settings-invalid":
      return { code: "destination_settings_invalid", detail: `${refusal.problems.join("; ")}.` };
    case "filters-invalid":
      return { code: "filters_invalid", detail: `${refusal.problems.join("; ")}.` };
  }
}

function storageProblem(refusal: StorageRefusal): Problem {
  switch (refusal.kind) {
    case "storage-invalid":
      return {
        code: "storage_invalid",
        detail: "The bucket cannot be used as it was described.",
        errors: refusal.problems,
      };
    case "storage-not-own":
      return {
        code: "storage_not_own",
        detail: "PUT …/storage asks for a bucket first; the platform's own needs no verification.",
      };
    case "sts-unanswered":
      return {
        code: "unavailable",
        detail: `STS did not say under which name the platform is known there (${refusal.code}).`,
      };
  }
}

function keyProblem(
  refusal: Extract<AdminRefusal, { kind: "too-many-write-keys" | "write-keys-used-up" }>,
): Problem {
  return refusal.kind === "too-many-write-keys"
    ? { code: "too_many_write_keys", detail: "Retire one before making the next." }
    : { code: "write_keys_used_up", detail: `A source has at most ${refusal.max} versions.` };
}
