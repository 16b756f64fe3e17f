import {
  array,
  boolean,
  integer,
  isoTimestamp,
  maxLength,
  maxValue,
  minLength,
  minValue,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  strictObject,
  string,
} from "valibot";

import { JOB_KINDS } from "../../archive/jobs.ts";
import { ok } from "../../core/result.ts";
import type { ReplayAct, ReplayStatus } from "../../replay/replay.ts";
import type { ApiServices } from "../../workspace/ports.ts";
import type { HeldReplay } from "../../workspace/replay-ports.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { defined } from "../defined.ts";
import { answerWith, plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { page, pageOf, pageSchema } from "../schemas.ts";

const TEXT_CHARS_MAX = 200;
/** Types and names of one replay. */
const LIST_MAX = 100;
/** Events a second; what one object can send at all is far below. */
const RATE_MAX = 100_000;

const text = pipe(string(), minLength(1), maxLength(TEXT_CHARS_MAX));
const texts = pipe(array(text), minLength(1), maxLength(LIST_MAX));
const instant = pipe(string(), isoTimestamp());
const count = number();

const countsView = object({
  files: count,
  events: count,
  delivered: count,
  filtered: count,
  failed: count,
  byType: record(string(), count),
});

const replayView = object({
  id: string(),
  sourceId: string(),
  destinationId: string(),
  from: string(),
  to: string(),
  types: nullable(array(string())),
  names: nullable(array(string())),
  rate: nullable(count),
  state: picklist(["counting", "planned", "running", "paused", "done", "cancelled", "failed"]),
  planned: object({ files: count, events: count }),
  dryRun: nullable(countsView),
  counts: countsView,
  waitsFor: nullable(object({ id: string(), kind: picklist(JOB_KINDS) })),
  error: nullable(string()),
  createdAt: string(),
  updatedAt: string(),
});

const replayAnswer = object({ replay: replayView });

const draft = strictObject({
  sourceId: text,
  destinationId: text,
  from: instant,
  to: optional(instant),
  types: optional(
    pipe(array(picklist(["track", "identify", "page", "screen", "group", "alias"])), minLength(1)),
  ),
  names: optional(texts),
  rate: optional(pipe(number(), integer(), minValue(1), maxValue(RATE_MAX))),
  dryRun: optional(boolean()),
});

const SUMMARIES: Readonly<Record<ReplayAct, string>> = {
  start: "Send what a dry run counted",
  pause: "Hold a replay; it holds no event meanwhile, and other jobs of the archive may run",
  resume: "Go on with a replay that was paused or failed",
  cancel: "End a replay for good; what was sent stays sent",
};

/** Archived events, sent again. */
export const REPLAY_OPERATIONS: readonly Operation[] = [
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/replays",
    summary: "Send archived events to a destination again; with dryRun they are counted first",
    body: draft,
    status: 201,
    answer: replayAnswer,
    handle: async ({ workspace, call, body, services }) => {
      const fromMs = Date.parse(body.from);
      const toMs = body.to === undefined ? Math.max(services.now(), fromMs) : Date.parse(body.to);
      if (!(toMs >= fromMs)) {
        return refuse("invalid_request", "to has to be later than from.");
      }
      const { types, names, rate, sourceId, destinationId, dryRun } = body;
      const asked = { fromMs, toMs, sourceId, destinationId, isDryRun: dryRun === true };
      const added = await workspace.addReplay(call, {
        ...asked,
        ...defined({ types, names, rate }),
      });
      if (!added.ok) return answerWith(added, () => undefined);
      return ok({ replay: await statusOf(added.value, services) });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/replays",
    summary: "Replays, newest first",
    query: page,
    answer: pageSchema(replayView),
    handle: async ({ workspace, call, query, services }) => {
      const found = await workspace.replays(call, pageOf(query));
      if (!found.ok) return answerWith(found, () => undefined);
      const { data, next } = found.value;
      const views = await Promise.all(data.map((held) => statusOf(held, services)));
      return ok({ data: views, pagination: { next: next ?? null } });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/replays/:id",
    summary: "How far one replay is",
    answer: replayAnswer,
    handle: async ({ workspace, call, params, services }) => {
      const found = await workspace.replay(call, params["id"] ?? "");
      if (!found.ok) return answerWith(found, () => undefined);
      return ok({ replay: await statusOf(found.value, services) });
    },
  }),
  ...(["start", "pause", "resume", "cancel"] as const).map((act) =>
    workspaceOperation("write", {
      method: "POST",
      path: `/api/v1/replays/:id/${act}`,
      summary: SUMMARIES[act],
      answer: replayAnswer,
      problems: ["replay_state"],
      handle: async ({ workspace, call, params, services }) => {
        const found = await workspace.replay(plainCall(call), params["id"] ?? "");
        if (!found.ok) return answerWith(found, () => undefined);
        const { spec } = found.value;
        const done = await services.replay(spec.id).act(act);
        if (!done.ok) return refuse("replay_state", `It is ${done.error.state}.`);
        const noted = await workspace.noteReplayAct(call, spec.id, act);
        return answerWith(noted, () => ({ replay: viewOf(found.value, done.value) }));
      },
    }),
  ),
];

/** How it stands; one whose object was not reached when it was made begins now. */
async function statusOf(held: HeldReplay, services: ApiServices) {
  return viewOf(held, await services.replay(held.spec.id).begin(held.spec, held.isDryRun));
}

function viewOf({ spec }: HeldReplay, status: ReplayStatus) {
  const { state, planned, dryRun, counts, waitsFor, error, updatedAtMs } = status;
  return {
    id: spec.id,
    sourceId: spec.sourceId,
    destinationId: spec.destinationId,
    from: isoTime(spec.fromMs),
    to: isoTime(spec.toMs),
    types: spec.types ?? null,
    names: spec.names ?? null,
    rate: spec.rate ?? null,
    state,
    planned,
    dryRun: dryRun ?? null,
    counts,
    waitsFor: waitsFor === undefined ? null : { id: waitsFor.id, kind: waitsFor.kind },
    error: error ?? null,
    createdAt: isoTime(spec.createdAtMs),
    updatedAt: isoTime(updatedAtMs),
  };
}
