import { object, optional, pipe, maxLength, string } from "valibot";

import { err, ok, type Result } from "../../core/result.ts";
import type { SyncRun, LogRecord } from "../../sync/run/run.ts";
import { runOfNumber } from "../../sync/run-number.ts";
import type { Sync } from "../../sync/sync.ts";
import type { AdminCall, Answer, ApiServices, WorkspaceAdminPort } from "../../workspace/ports.ts";
import { plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { refuse, type Problem } from "../problem.ts";
import { problemOf } from "../refusals.ts";
import { syncRefusal } from "../routes/syncs.ts";
import { envelope, envelopeSchema } from "./envelope.ts";
import { pagingEntries, pagingQuery, paginationOf, placeOf } from "./paging.ts";
import { viewCensusRecord, viewCensusRun } from "./run-view.ts";

const IDENTIFIER_CHARS_MAX = 1_000;

const recordFilter = {
  primary_identifier: optional(pipe(string(), maxLength(IDENTIFIER_CHARS_MAX))),
  status: optional(string()),
  operation: optional(string()),
};

/** Runs, by numbers that tell them apart in the workspace. */
export const CENSUS_RUN_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/syncs/:id/sync_runs",
    summary: "The runs of a sync",
    query: pagingQuery,
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, query, services }) => {
      const { id: number = "" } = params;
      const found = await workspace.sync(call, /^\d{1,9}$/.test(number) ? number : "0");
      if (!found.ok) return err(problemOf(found.error));
      const place = placeOf(query);
      const { data, total } = await services.sync(found.value.id).runsByPlace(place);
      const views = data.map((run) => viewCensusRun(found.value, run));
      return ok({ ...envelope("success", views), pagination: paginationOf(place, total) });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/census/api/v1/sync_runs/:id",
    summary: "One run by its number",
    query: object({}),
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, services }) => {
      const found = await findRun(params["id"], services, (sync) => workspace.sync(call, sync));
      if (!found.ok) return found;
      return ok(envelope("success", viewCensusRun(found.value.sync, found.value.run)));
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/census/api/v1/sync_runs/:id/cancel",
    summary: "Stop a run between two batches; what was accepted stays accepted",
    query: object({}),
    body: optional(object({})),
    answer: envelopeSchema,
    handle: async ({ workspace, call, params, services }) => {
      const found = await findRun(params["id"], services, (sync) =>
        workspace.noteSyncAct(plainCall(call), sync, "sync.cancel"),
      );
      if (!found.ok) return found;
      const { sync, run } = found.value;
      const canceled = await services.sync(sync.id).cancel(run.number);
      return canceled.ok ? ok(envelope("cancelled", {})) : syncRefusal(canceled.error);
    },
  }),
  workspaceOperation("events:read", {
    method: "GET",
    path: "/census/api/v1/sync_runs/:id/records",
    summary: "Samples of what a run refused or found invalid",
    query: object({ ...recordFilter, ...pagingEntries }),
    answer: envelopeSchema,
    handle: async ({ params, query, ...asker }) => {
      // A URL is logged outside the region, so nobody's identifier may stand in one.
      if (query.primary_identifier !== undefined) {
        const detail = "POST the same fields as JSON: an identifier must not stand in a URL.";
        return refuse("invalid_query", detail);
      }
      return answerRecords(asker, params["id"], query, query);
    },
  }),
  workspaceOperation("events:read", {
    method: "POST",
    path: "/census/api/v1/sync_runs/:id/records",
    summary: "The same, also those of one identifier",
    query: object(pagingEntries),
    body: optional(object(recordFilter)),
    answer: envelopeSchema,
    handle: async ({ params, query, body, ...asker }) =>
      answerRecords(asker, params["id"], body ?? {}, query),
  }),
  workspaceOperation("events:read", {
    method: "GET",
    path: "/census/api/v1/syncs/test_status",
    summary: "How a test with one record went, and that record",
    query: object({ sync_run_id: string() }),
    answer: envelopeSchema,
    handle: async ({ workspace, call, query, services }) => {
      const found = await findRun(query.sync_run_id, services, (sync) =>
        workspace.noteSyncAct(plainCall(call), sync, "sync.read"),
      );
      if (!found.ok) return found;
      const { sync, run } = found.value;
      const [sample] = await services.sync(sync.id).samples(run.number, { kind: "test" });
      return ok(
        envelope("success", {
          ...viewCensusRun(sync, run),
          sample_record: sample === undefined ? null : payloadOf(sample),
        }),
      );
    },
  }),
];

type Asker = {
  readonly workspace: WorkspaceAdminPort;
  readonly call: AdminCall;
  readonly services: ApiServices;
};

type Filter = {
  readonly primary_identifier?: string | undefined;
  readonly status?: string | undefined;
  readonly operation?: string | undefined;
};

async function answerRecords(
  { workspace, call, services }: Asker,
  number: string | undefined,
  filter: Filter,
  paging: Parameters<typeof placeOf>[0],
): Promise<Result<unknown, Problem>> {
  const found = await findRun(number, services, (sync) =>
    workspace.noteSyncAct(plainCall(call), sync, "sync.read"),
  );
  if (!found.ok) return found;
  const { sync, run } = found.value;
  const { primary_identifier: identifier, status, operation } = filter;
  const samples = await services
    .sync(sync.id)
    .samples(run.number, identifier === undefined ? {} : { identifier });
  const wanted = samples.filter(
    (record) =>
      (status === undefined || record.status === status) &&
      (operation === undefined || record.operation === operation),
  );
  const place = placeOf(paging);
  const data = wanted.slice(place.offset, place.offset + place.limit).map(viewCensusRecord);
  return ok({ ...envelope("success", data), pagination: paginationOf(place, wanted.length) });
}

/** A run by its number; `ask` finds its sync and checks who asks. */
async function findRun(
  number: string | undefined,
  services: ApiServices,
  ask: (sync: string) => Promise<Answer<Sync>>,
): Promise<Result<{ readonly sync: Sync; readonly run: SyncRun }, Problem>> {
  const { sync: syncNumber, run: runNumber } = runOfNumber(number ?? "");
  const sync = await ask(syncNumber);
  if (!sync.ok) return err(problemOf(sync.error));
  const run = await services.sync(sync.value.id).run(runNumber);
  return run === undefined ? syncRefusal({ kind: "run-unknown" }) : ok({ sync: sync.value, run });
}

/** The record as it was sent; what was cut short is no JSON any more and is shown as text. */
function payloadOf({ payload }: LogRecord): unknown {
  try {
    return JSON.parse(payload) as unknown;
  } catch {
    return payload;
  }
}
