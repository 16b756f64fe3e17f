import {
  array,
  maxLength,
  minLength,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  strictObject,
  string,
} from "valibot";

import { isChildId, workspaceOf } from "../../core/ids.ts";
import { err, ok } from "../../core/result.ts";
import { isArchiveLocation } from "../../region/regions.ts";
import {
  distinctSubjects,
  REGULATION_STATUSES,
  SUBJECT_CHARS_MAX,
  SUBJECT_TYPES,
} from "../../regulation/regulation.ts";
import {
  ACCESS_SUBJECTS_MAX,
  expiresAtMs,
  type SubjectAccess,
} from "../../regulation/subject-access.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { problemOf } from "../refusals.ts";

const GZIP = "application/gzip";

const accessView = object({
  id: string(),
  subjectType: picklist(SUBJECT_TYPES),
  subjects: number(),
  sourceId: nullable(string()),
  status: picklist(REGULATION_STATUSES),
  createdAt: string(),
  finishedAt: nullable(string()),
  expiresAt: nullable(string()),
  files: array(object({ number: number(), key: string(), events: number(), bytes: number() })),
});

function viewOf(access: SubjectAccess) {
  const { id, subjectType, subjectIds, sourceId, status, progress } = access;
  const { createdAtMs, finishedAtMs } = access;
  const expiryMs = expiresAtMs(access);
  return {
    id,
    subjectType,
    subjects: subjectIds.length,
    sourceId: sourceId ?? null,
    status,
    createdAt: isoTime(createdAtMs),
    finishedAt: finishedAtMs === undefined ? null : isoTime(finishedAtMs),
    expiresAt: expiryMs === undefined ? null : isoTime(expiryMs),
    files: (progress.exported ?? []).map(({ key, events, gzipBytes }, i) => ({
      number: i + 1,
      key,
      events,
      bytes: gzipBytes,
    })),
  };
}

/** Users who want to see their events. Ids of users stand in bodies only, and in no answer. */
export const SUBJECT_ACCESS_OPERATIONS: readonly Operation[] = [
  workspaceOperation("events:read", {
    method: "POST",
    path: "/api/v1/subject-access",
    summary: "Copy the archived events of some users into files of the region's bucket, for 7 days",
    body: strictObject({
      subjectType: picklist(SUBJECT_TYPES),
      subjectIds: pipe(
        array(pipe(string(), minLength(1), maxLength(SUBJECT_CHARS_MAX))),
        minLength(1),
        maxLength(ACCESS_SUBJECTS_MAX),
      ),
      sourceId: optional(string()),
    }),
    status: 201,
    answer: accessView,
    problems: ["limit_reached"],
    handle: async ({ workspace, workspaceId, call, body }) => {
      const { subjectType, sourceId } = body;
      const isOurs =
        sourceId === undefined ||
        (isChildId("src", sourceId) && workspaceOf(sourceId) === workspaceId);
      if (!isOurs) return err(problemOf({ kind: "not-found", what: "source" }));
      const draft = {
        subjectType,
        subjectIds: distinctSubjects(body.subjectIds),
        ...(sourceId === undefined ? {} : { sourceId }),
      };
      return answerWith(await workspace.requestAccess(call, draft), viewOf);
    },
  }),
  workspaceOperation("events:read", {
    method: "GET",
    path: "/api/v1/subject-access/:id",
    summary: "How a request for users' events stands, and its files",
    answer: accessView,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.subjectAccess(call, params["id"] ?? ""), viewOf),
  }),
  workspaceOperation("events:read", {
    method: "GET",
    path: "/api/v1/subject-access/:id/files/:number",
    summary: "One file of it: lines of JSON, compressed with gzip",
    answer: string(),
    media: [GZIP],
    isMediaOnly: true,
    handle: async ({ workspace, call, params, services }) => {
      const wanted = Number(params["number"]);
      const found = await workspace.exportedFile(call, params["id"] ?? "", wanted);
      if (!found.ok) return err(problemOf(found.error));
      const { key, location } = found.value;
      const sourceId = key.split("/")[1] ?? "";
      if (!isChildId("src", sourceId) || !isArchiveLocation(location)) {
        throw new Error("Cannot hand out an export: its key names no source");
      }
      const body = await services.archive(sourceId).readExport(key, location);
      // A deletion that came later removed it.
      if (body === undefined) return err(problemOf({ kind: "not-found", what: "subject-access" }));
      const headers = { "content-type": GZIP, "cache-control": "no-store" };
      return ok(new Response(body, { headers }));
    },
  }),
];
