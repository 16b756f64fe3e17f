import { boolean, object, optional, string, union } from "valibot";

import { err, ok, type Result } from "../../core/result.ts";
import type { RunRequest } from "../../sync/ports.ts";
import { numberOfRun } from "../../sync/run-number.ts";
import type { Sync, SyncId } from "../../sync/sync.ts";
import type { AdminCall, ApiServices, WorkspaceAdminPort } from "../../workspace/ports.ts";
import { answerWith, plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { refuse, type Problem } from "../problem.ts";
import { problemOf } from "../refusals.ts";
import { repeatable, syncRefusal } from "../routes/syncs.ts";
import { envelope, envelopeSchema } from "./envelope.ts";
import { destinationIdOf } from "./numbers.ts";
import { pagingQuery, paginationOf, placeOf } from "./paging.ts";
import {
  draftOfCensus,
  endOf,
  parentNumberOf,
  patchOfCensus,
  type CensusGround,
} from "./sync-body.ts";
import {
  censusSyncDraft,
  censusSyncPatch,
  type CensusDraft,
  type CensusPatch,
} from "./sync-schemas.ts";
import { viewCensusSync } from "./sync-view.ts";

const NO_QUERY = object({});

/** A switch in a query or a body, as clients write it. */
const flag = optional(union([boolean(), string()]));

type Asker = {
  readonly workspace: WorkspaceAdminPort;
  readonly call: AdminCall;
  readonly services: ApiServices;
};

/** Syncs, by their numbers. */
export const CENSUS_SYNC_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/syncs",
    summary: "The syncs of the workspace",
    query: pagingQuery,
    answer: envelopeSchema,
    handle: async ({ workspace, call, query, services }) => {
      const place = placeOf(query);
      const found = await workspace.syncsByNumber(call, place);
      if (!found.ok) return err(problemOf(found.error));
      const views = await viewed({ workspace, call, services }, found.value.data);
      if (!views.ok) return views;
      const pagination = paginationOf(place, found.value.total);
      return ok({ ...envelope("success", views.value), pagination });
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/census/api/v1/syncs",
    summary: "Make a sync; with validate_only nothing is made",
    query: NO_QUERY,
    body: censusSyncDraft,
    answer: envelopeSchema,
    handle: async ({ workspace, call, body, services }) => {
      const ground = await groundOf({ workspace, call: plainCall(call), services }, body);
      if (!ground.ok) return ground;
      const draft = draftOfCensus(body, ground.value);
      if (!draft.ok) return draft;
      const isOnlyChecked = body.validate_only === true;
      const made = await workspace.addSync(call, draft.value, isOnlyChecked);
      return answerWith(made, ({ number }) =>
        isOnlyChecked ? envelope("success", {}) : envelope("created", { sync_id: number }),
      );
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/syncs/:id",
    summary: "One sync by its number",
    query: NO_QUERY,
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, services }) => {
      const found = await workspace.sync(call, numberIn(params));
      if (!found.ok) return err(problemOf(found.error));
      return viewOne({ workspace, call, services }, found.value, "success");
    },
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/census/api/v1/syncs/:id",
    summary: "Change a sync; what is not named stays",
    query: NO_QUERY,
    body: censusSyncPatch,
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, body, services }) => {
      const asker = { workspace, call, services };
      const held = await workspace.sync(call, numberIn(params));
      if (!held.ok) return err(problemOf(held.error));
      const ground = await groundOf(asker, body);
      if (!ground.ok) return ground;
      const moved = movedEnd(held.value, body, ground.value);
      if (moved !== undefined) return refuse("sync_invalid", moved);
      const patch = patchOfCensus(body, ground.value);
      if (!patch.ok) return patch;
      const changed = await workspace.changeSync(call, held.value.id, patch.value);
      if (!changed.ok) return err(problemOf(changed.error));
      return viewOne(asker, changed.value, "updated");
    },
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/census/api/v1/syncs/:id",
    summary: "Delete a sync; what it sent stays where it is",
    query: NO_QUERY,
    answer: envelopeSchema,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.removeSync(call, numberIn(params)), () => envelope("deleted", {})),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/census/api/v1/syncs/:id/trigger",
    summary: "Run a sync now, in full if force_full_sync says so in the query or the body",
    query: object({ force_full_sync: flag }),
    body: optional(object({ force_full_sync: flag })),
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, body, query, services }) => {
      const noted = await workspace.noteSyncAct(plainCall(call), numberIn(params), "sync.trigger");
      if (!noted.ok) return err(problemOf(noted.error));
      const { id, number } = noted.value;
      const isFull = isOn(query.force_full_sync) || isOn(body?.force_full_sync);
      const request = repeatable(call, { ...TRIGGERED, isFull });
      const begun = await services.sync(id).trigger(request);
      if (!begun.ok) return syncRefusal(begun.error);
      return ok(envelope("success", { sync_run_id: numberOfRun(number, begun.value.number) }));
    },
  }),
];

const TRIGGERED: Omit<RunRequest, "isFull"> = {
  kind: "sync",
  trigger: { kind: "api", detail: undefined, scheduledForMs: undefined },
  allowDeletes: false,
  allowMassChange: false,
};

/** A sync's own id does not fit a number, so only numbers are known here. */
function numberIn(params: Readonly<Record<string, string>>): string {
  const { id = "" } = params;
  return /^\d{1,9}$/.test(id) ? id : "0";
}

function isOn(said: boolean | string | undefined): boolean {
  return said === true || (typeof said === "string" && /^(true|1)$/i.test(said));
}

async function groundOf(
  { workspace, call }: Asker,
  body: CensusDraft | CensusPatch,
): Promise<Result<CensusGround, Problem>> {
  const ends = await workspace.syncEnds(call);
  if (!ends.ok) return err(problemOf(ends.error));
  const number = parentNumberOf(body);
  const parent = number === undefined ? undefined : await workspace.sync(call, String(number));
  return ok({ ends: ends.value, parent: parent?.ok === true ? parent.value.id : undefined });
}

/** Where a sync reads from and writes to stays; what to say when somebody wants it elsewhere. */
function movedEnd(
  held: Sync,
  { source_attributes: source, destination_attributes: destination }: CensusPatch,
  { ends }: CensusGround,
): string | undefined {
  const isSame = (given: number | string | undefined, id: string): boolean =>
    given === undefined || endOf(ends, given)?.id === id;
  const isUnmoved =
    isSame(source?.connection_id, held.source.connectionId) &&
    isSame(destination?.connection_id, destinationIdOf(held));
  return isUnmoved ? undefined : "The connections of a sync cannot be changed; make another sync.";
}

async function viewOne(
  asker: Asker,
  sync: Sync,
  outcome: "success" | "updated",
): Promise<Result<unknown, Problem>> {
  const views = await viewed(asker, [sync]);
  return views.ok ? ok(envelope(outcome, views.value[0])) : views;
}

async function viewed({ workspace, call, services }: Asker, syncs: readonly Sync[]) {
  const ends = await workspace.syncEnds(call);
  if (!ends.ok) return err(problemOf(ends.error));
  const parentOf = async (id: SyncId): Promise<number | undefined> => {
    const found = await workspace.sync(call, id);
    return found.ok ? found.value.number : undefined;
  };
  const views = syncs.map(async (sync) => {
    const { schedule } = sync;
    const parent = schedule.kind === "after" ? await parentOf(schedule.syncId) : undefined;
    const standing = await services.sync(sync.id).standing();
    return viewCensusSync(sync, { ends: ends.value, standing, parent });
  });
  return ok(await Promise.all(views));
}
