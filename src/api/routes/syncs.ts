import {
  array,
  boolean,
  maxLength,
  minLength,
  object,
  optional,
  picklist,
  pipe,
  regex,
  strictObject,
  string,
} from "valibot";

import type { WorkspaceId } from "../../core/ids.ts";
import { isChildId, workspaceOf } from "../../core/ids.ts";
import { ok, type Result } from "../../core/result.ts";
import type { RunRequest, SyncRefusal } from "../../sync/ports.ts";
import { RUN_KINDS, type SyncRun } from "../../sync/run/run.ts";
import type { SyncRunId } from "../../sync/sync.ts";
import { repeatOf } from "../../workspace/idempotency.ts";
import type { AdminCall } from "../../workspace/ports.ts";
import { defined } from "../defined.ts";
import { answerWith, plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { refuse, type Problem } from "../problem.ts";
import { page, pageOf, pageSchema } from "../schemas.ts";
import { recordView, runView, syncDraft, syncPatch, syncView } from "./sync-schemas.ts";
import { viewRecord, viewRun, viewSync } from "./sync-views.ts";

const CELL_CHARS_MAX = 1_000;
const KEYS_MAX = 1_000;
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 25;

const syncAnswer = object({ sync: syncView });
const runAnswer = object({ run: runView });

const cell = pipe(string(), maxLength(CELL_CHARS_MAX));

const triggerBody = optional(
  strictObject({
    kind: optional(picklist(RUN_KINDS)),
    full: optional(boolean()),
    allowDeletes: optional(boolean()),
    allowMassChange: optional(boolean()),
    keys: optional(pipe(array(array(cell)), minLength(1), maxLength(KEYS_MAX))),
  }),
);

const wholeNumber = pipe(string(), regex(/^[1-9]\d{0,8}$/, "a whole number from 1 on"));

const runsQuery = strictObject({
  before: optional(wholeNumber),
  limit: optional(wholeNumber),
});

/** What a sync's object answers when it does not do it. */
export function syncRefusal(refusal: SyncRefusal): Result<never, Problem> {
  switch (refusal.kind) {
    case "sync-unknown":
      return refuse("not_found", "This workspace has no such sync.");
    case "run-unknown":
      return refuse("not_found", "The sync has no such run, or has forgotten it.");
    case "run-over":
      return refuse("sync_run_over", `The run is ${refusal.state}.`);
    case "idempotency-key-reused":
      return refuse("idempotency_key_reused", "Take a new key for a new request.");
    case "append-not-full":
      return refuse("append_not_full", "What was appended once would stand there twice.");
  }
}

/** The request of a call with an Idempotency-Key: the same one has the same run. */
export function repeatable({ idempotency }: AdminCall, request: RunRequest): RunRequest {
  return idempotency === undefined
    ? request
    : { ...request, repeat: repeatOf(idempotency, request) };
}

/** Syncs and what is done with them. */
export const SYNC_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/syncs",
    summary: "The syncs of the workspace, oldest first",
    query: page,
    answer: pageSchema(syncView),
    handle: async ({ workspace, call, query, services }) => {
      const found = await workspace.syncs(call, pageOf(query));
      if (!found.ok) return answerWith(found, () => undefined);
      const { data, next } = found.value;
      const views = await Promise.all(
        data.map(async (sync) => viewSync(sync, await services.sync(sync.id).standing())),
      );
      return ok({ data: views, pagination: { next: next ?? null } });
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/syncs",
    summary:
      "Make a sync, after source and destination were asked whether it can be; with validateOnly nothing is made",
    body: syncDraft,
    status: 201,
    answer: syncAnswer,
    problems: ["sync_invalid", "limit_reached"],
    handle: async ({ workspace, call, body }) => {
      const { validateOnly, ...draft } = body;
      const made = await workspace.addSync(call, defined(draft), validateOnly === true);
      return answerWith(made, (sync) => ({ sync: viewSync(sync) }));
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/syncs/:id",
    summary: "One sync, with the run under way, the last one and when it runs next",
    answer: syncAnswer,
    handle: async ({ workspace, call, params, services }) => {
      const found = await workspace.sync(call, params["id"] ?? "");
      if (!found.ok) return answerWith(found, () => undefined);
      const standing = await services.sync(found.value.id).standing();
      return ok({ sync: viewSync(found.value, standing) });
    },
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/api/v1/syncs/:id",
    summary: "Change a sync; a run under way ends as it began",
    body: syncPatch,
    answer: syncAnswer,
    problems: ["sync_invalid"],
    handle: async ({ workspace, call, params, body }) =>
      answerWith(await workspace.changeSync(call, params["id"] ?? "", defined(body)), (sync) => ({
        sync: viewSync(sync),
      })),
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/syncs/:id",
    summary: "Delete a sync; what it sent stays where it is",
    answer: syncAnswer,
    problems: ["sync_in_use"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.removeSync(call, params["id"] ?? ""), (sync) => ({
        sync: viewSync(sync),
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/syncs/:id/trigger",
    summary:
      "Run a sync now: as usual, in full, for chosen keys, as a dry run, or with one record as a test",
    body: triggerBody,
    status: 202,
    answer: runAnswer,
    problems: ["append_not_full"],
    handle: async ({ workspace, call, params, body, services }) => {
      const noted = await workspace.noteSyncAct(
        plainCall(call),
        params["id"] ?? "",
        "sync.trigger",
      );
      if (!noted.ok) return answerWith(noted, () => undefined);
      const request: RunRequest = {
        kind: body?.kind ?? "sync",
        trigger: { kind: "manual", detail: undefined, scheduledForMs: undefined },
        isFull: body?.full ?? false,
        allowDeletes: body?.allowDeletes ?? false,
        allowMassChange: body?.allowMassChange ?? false,
        ...defined({ keys: body?.keys }),
      };
      const begun = await services.sync(noted.value.id).trigger(repeatable(call, request));
      return begun.ok ? ok({ run: viewRun(begun.value) }) : syncRefusal(begun.error);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/syncs/:id/runs",
    summary: "The runs of a sync, newest first",
    query: runsQuery,
    answer: pageSchema(runView),
    handle: async ({ workspace, call, params, query, services }) => {
      const found = await workspace.sync(call, params["id"] ?? "");
      if (!found.ok) return answerWith(found, () => undefined);
      const limit = Math.min(Number(query.limit ?? LIMIT_DEFAULT), LIMIT_MAX);
      const runs = await services
        .sync(found.value.id)
        .runs({ limit, ...(query.before === undefined ? {} : { before: Number(query.before) }) });
      const last = runs.length === limit ? runs.at(-1)?.number : undefined;
      const next = last === undefined || last === 1 ? null : String(last);
      return ok({ data: runs.map(viewRun), pagination: { next } });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/syncs/:id/runs/:run",
    summary: "One run by its id or its number: its steps, counts and how far it is",
    answer: runAnswer,
    handle: async ({ workspace, call, params, services, workspaceId }) => {
      const found = await workspace.sync(call, params["id"] ?? "");
      if (!found.ok) return answerWith(found, () => undefined);
      const run = await services
        .sync(found.value.id)
        .run(runIdOf(params["run"] ?? "", workspaceId));
      return run === undefined ? syncRefusal({ kind: "run-unknown" }) : ok({ run: viewRun(run) });
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/syncs/:id/runs/:run/cancel",
    summary: "Stop a run between two batches; what was accepted stays accepted",
    answer: runAnswer,
    problems: ["sync_run_over"],
    handle: async ({ workspace, call, params, services, workspaceId }) => {
      const noted = await workspace.noteSyncAct(plainCall(call), params["id"] ?? "", "sync.cancel");
      if (!noted.ok) return answerWith(noted, () => undefined);
      const canceled = await services
        .sync(noted.value.id)
        .cancel(runIdOf(params["run"] ?? "", workspaceId));
      return canceled.ok
        ? ok({ run: viewRun(canceled.value satisfies SyncRun) })
        : syncRefusal(canceled.error);
    },
  }),
  workspaceOperation("events:read", {
    method: "POST",
    path: "/api/v1/syncs/:id/runs/:run/records",
    summary:
      "Samples of what a run refused or found invalid, 100 of a kind at most, kept for 7 days",
    body: optional(
      strictObject({
        kind: optional(picklist(["rejected", "invalid", "test"])),
        identifier: optional(cell),
      }),
    ),
    answer: object({ data: array(recordView) }),
    handle: async ({ workspace, call, params, body, services, workspaceId }) => {
      const noted = await workspace.noteSyncAct(plainCall(call), params["id"] ?? "", "sync.read");
      if (!noted.ok) return answerWith(noted, () => undefined);
      const records = await services
        .sync(noted.value.id)
        .samples(runIdOf(params["run"] ?? "", workspaceId), defined(body ?? {}));
      return ok({ data: records.map(viewRecord) });
    },
  }),
];

/** A run by its number, or by its id if that is one of this workspace's. */
function runIdOf(text: string, workspaceId: WorkspaceId): SyncRunId | number {
  if (isChildId("run", text) && workspaceOf(text) === workspaceId) return text;
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
