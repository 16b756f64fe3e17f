import {
  array,
  literal,
  nullable,
  number,
  object,
  optional,
  picklist,
  strictObject,
  string,
  union,
} from "valibot";

import { JOB_KINDS } from "../../archive/jobs.ts";
import { listJobs, retentionStatus } from "../../archive/job-routes.ts";
import { listFiles, listSuspects, rebuildStatus, startRebuild } from "../../archive/routes.ts";
import { isChildId, type SourceId } from "../../core/ids.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { AdminCall, WorkspaceAdminPort } from "../../workspace/ports.ts";
import { workspaceOperation, type Operation } from "../operation.ts";
import { refuse, type Problem } from "../problem.ts";
import { problemOf } from "../refusals.ts";
import { archiveLocation, pageSchema } from "../schemas.ts";

const fileView = object({
  key: string(),
  location: archiveLocation,
  ownBucket: optional(string()),
  events: number(),
  rawBytes: number(),
  gzipBytes: number(),
  ndjsonSha256: string(),
  originalSha256: optional(string()),
  firstReceivedAt: string(),
  lastReceivedAt: string(),
  writtenBy: picklist(["homeport", "segment"]),
});

const rebuildView = object({
  id: string(),
  state: picklist(["running", "done", "failed"]),
  segmentSourceId: optional(string()),
  listed: number(),
  read: number(),
  bytes: number(),
  recorded: number(),
  skipped: number(),
  unreadable: number(),
  unreadableFiles: array(object({ key: string(), location: archiveLocation, why: string() })),
  error: optional(string()),
  waitsFor: optional(object({ id: string(), kind: picklist(JOB_KINDS) })),
  startedAt: string(),
  updatedAt: string(),
});

const suspectView = object({
  key: string(),
  location: archiveLocation,
  keptAt: nullable(archiveLocation),
  notedAt: string(),
  checkAt: string(),
  error: nullable(string()),
});

const retentionView = object({
  id: string(),
  state: picklist(["running", "done", "failed"]),
  days: union([number(), literal("unlimited")]),
  before: nullable(string()),
  files: number(),
  events: number(),
  bytes: number(),
  refused: number(),
  error: nullable(string()),
  waitsFor: nullable(object({ id: string(), kind: picklist(JOB_KINDS) })),
  startedAt: string(),
  updatedAt: string(),
});

const jobView = object({
  id: string(),
  kind: picklist(JOB_KINDS),
  state: picklist(["running", "waiting"]),
  waitsFor: nullable(object({ id: string(), kind: picklist(JOB_KINDS) })),
  enteredAt: string(),
});

const time = optional(string());

/** The catalogue of a source's archive; of a deleted one as long as it has files. */
export const FILE_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/files",
    summary: "Archive files by the time their events were received",
    query: strictObject({ from: time, to: time, after: optional(string()), limit: time }),
    answer: pageSchema(fileView),
    handle: async ({ workspace, call, params, query, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      if (!source.ok) return source;
      const files = await listFiles(source.value, query, services);
      if (files.ok) return files;
      return refuse("invalid_query", `${files.error.member} is not understood.`);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/files/suspects",
    summary: "Places where a second copy of a file may stand until it was looked for and removed",
    answer: object({ open: number(), data: array(suspectView) }),
    handle: async ({ workspace, call, params, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      return source.ok ? ok(await listSuspects(source.value, services)) : source;
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sources/:id/files/rebuild",
    summary: "Read the catalogue anew from the buckets, also files that Segment wrote",
    body: optional(strictObject({ segmentSourceId: optional(string()) })),
    status: 202,
    answer: object({ rebuild: rebuildView }),
    problems: ["rebuild_running", "invalid_segment_source_id"],
    handle: async ({ workspace, call, params, body, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      if (!source.ok) return source;
      const started = await startRebuild(source.value, body ?? {}, services);
      return started.ok ? ok({ rebuild: started.value }) : rebuildProblem(started.error.kind);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/files/rebuild",
    summary: "The present or the last rebuild",
    answer: object({ rebuild: nullable(rebuildView) }),
    handle: async ({ workspace, call, params, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      if (!source.ok) return source;
      return ok({ rebuild: (await rebuildStatus(source.value, services)) ?? null });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/retention",
    summary: "The present or the last sweep of files that are older than the source's retention",
    answer: object({ retention: nullable(retentionView) }),
    handle: async ({ workspace, call, params, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      if (!source.ok) return source;
      return ok({ retention: (await retentionStatus(source.value, services)) ?? null });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/jobs",
    summary: "Jobs that go through the source's archive: the one that runs, and those that wait",
    answer: object({ data: array(jobView) }),
    handle: async ({ workspace, call, params, services }) => {
      const source = await sourceOf(workspace, call, params["id"]);
      return source.ok ? ok({ data: await listJobs(source.value, services) }) : source;
    },
  }),
];

/** The source of the path, once the token may see it. */
export async function sourceOf(
  workspace: WorkspaceAdminPort,
  call: AdminCall,
  id: string | undefined,
): Promise<Result<SourceId, Problem>> {
  const authorized = await workspace.authorize(call, id ?? "");
  if (!authorized.ok) return err(problemOf(authorized.error));
  if (id === undefined || !isChildId("src", id)) {
    return err(problemOf({ kind: "not-found", what: "source" }));
  }
  return ok(id);
}

type RebuildRefusalKind = Extract<
  Awaited<ReturnType<typeof startRebuild>>,
  { ok: false }
>["error"]["kind"];

function rebuildProblem(kind: RebuildRefusalKind): Result<never, Problem> {
  switch (kind) {
    case "busy":
      return refuse("rebuild_running", "Wait until it is done.");
    case "invalid-segment-source-id":
      return refuse("invalid_segment_source_id", "Copy it from the key of one of Segment's files.");
    case "unknown":
      return err(problemOf({ kind: "not-found", what: "source" }));
    case "unavailable":
      return refuse("unavailable", "The workspace did not answer.", { retryAfterSeconds: 5 });
  }
}
