import { array, nullable, number, object, picklist, string } from "valibot";

import { parseId, regionOf, workspaceOf } from "../../core/ids.ts";
import { ok } from "../../core/result.ts";
import type { Leaving } from "../../workspace/leaving.ts";
import { sha256Hex } from "../../workspace/secrets.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answerWith, openOperation, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { sourceView } from "../schemas.ts";

/** How a deletion stands. */
export const leavingView = object({
  id: string(),
  subject: string(),
  state: picklist(["grace", "waiting", "erasing", "done"]),
  askedAt: string(),
  deletesAt: string(),
  step: string(),
  waitsFor: nullable(string()),
  objects: number(),
  files: number(),
  bytes: number(),
  versions: number(),
  problems: array(string()),
  ownBuckets: string(),
  certificate: nullable(string()),
  certificateSha256: nullable(string()),
});

const leavingAnswer = object({ leaving: leavingView });

const OWN_BUCKETS =
  "Files in buckets of your own are left alone: they are yours to keep or to delete.";

/** What is to be deleted, how far that is, and how it is taken back. */
export const LEAVING_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/leaving",
    summary: "How the deletion of a source stands, with its certificate once it is over",
    answer: leavingAnswer,
    problems: ["not_leaving"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.sourceLeaving(call, params["id"] ?? ""), answerOf),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sources/:id/restore",
    summary: "Take the deletion of a source back within its grace; its keys are live again",
    answer: object({ source: sourceView }),
    problems: ["not_leaving"],
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.restoreSource(call, params["id"] ?? ""), (source) => ({ source })),
  }),
  workspaceOperation("own", {
    method: "DELETE",
    path: "/api/v1/workspace",
    summary:
      "Delete the workspace: no source takes events any more, and after five days all is deleted",
    answer: leavingAnswer,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.removeWorkspace(call), answerOf),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/workspace/leaving",
    summary: "How the deletion of the workspace stands",
    answer: leavingAnswer,
    problems: ["not_leaving"],
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.workspaceLeaving(call), answerOf),
  }),
  workspaceOperation("own", {
    method: "POST",
    path: "/api/v1/workspace/restore",
    summary: "Take the deletion of the workspace back within its grace",
    answer: leavingAnswer,
    problems: ["not_leaving"],
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.restoreWorkspace(call), answerOf),
  }),
  openOperation("operator", {
    method: "GET",
    path: "/api/v1/workspaces/:id/departure",
    summary: "The certificate of a workspace that was deleted: counts, hashes and ids of ours",
    answer: object({
      id: string(),
      departedAt: string(),
      certificate: string(),
      certificateSha256: string(),
    }),
    handle: async ({ services, params }) => {
      const id = params["id"] ?? "";
      const departure =
        parseId(id)?.kind === "ws"
          ? await services.directoryAdmin(regionOf(id)).departure(workspaceOf(id))
          : undefined;
      if (departure === undefined) {
        return refuse("not_found", "No workspace of that id was deleted here.");
      }
      const { departedAtMs, certificate } = departure;
      const certificateSha256 = sha256Hex(certificate);
      return ok({ id, departedAt: isoTime(departedAtMs), certificate, certificateSha256 });
    },
  }),
];

export function viewLeaving({
  id,
  subject,
  state,
  askedAtMs,
  deletesAtMs,
  progress,
  certificate,
}: Leaving) {
  const { step, counts, problems, waitsFor } = progress;
  return {
    id,
    subject,
    state,
    askedAt: isoTime(askedAtMs),
    deletesAt: isoTime(deletesAtMs),
    step: state === "grace" ? "grace" : step,
    waitsFor: waitsFor ?? null,
    ...counts,
    problems,
    ownBuckets: OWN_BUCKETS,
    certificate: certificate ?? null,
    certificateSha256: certificate === undefined ? null : sha256Hex(certificate),
  };
}

function answerOf(leaving: Leaving) {
  return { leaving: viewLeaving(leaving) };
}
