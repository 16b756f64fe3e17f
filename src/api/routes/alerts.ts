import { array, nullable, number, object, picklist, string } from "valibot";

import { ok } from "../../core/result.ts";
import type { EdgeCount } from "../../region/edge.ts";
import { HOME_REGION_NAMES } from "../../region/regions.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answerWith, openOperation, workspaceOperation, type Operation } from "../operation.ts";
import { region } from "../schemas.ts";

const alertView = object({
  code: string(),
  subject: nullable(string()),
  since: string(),
  count: number(),
});

const refusedView = object({
  region,
  colo: string(),
  outcome: picklist(["accepted", "transit", "held", "rejected"]),
  hour: string(),
  count: number(),
});

/** How far back the operator is shown. */
const LOOK_BACK_MS = 7 * 86_400_000;

/** What is wrong now, for a workspace and for the operator. */
export const ALERT_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/alerts",
    summary: "What is wrong now: since when, and how often",
    answer: object({ data: array(alertView) }),
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.alerts(call), (alerts) => ({
        data: alerts.map(({ code, subject, sinceMs, count }) => ({
          code,
          subject: subject ?? null,
          since: isoTime(sinceMs),
          count,
        })),
      })),
  }),
  openOperation("operator", {
    method: "GET",
    path: "/api/v1/edge-refusals",
    summary:
      "Requests of the last 7 days refused for their place before a key said whose they were",
    answer: object({ data: array(refusedView) }),
    handle: async ({ services }) => {
      const fromMs = services.now() - LOOK_BACK_MS;
      const counts = HOME_REGION_NAMES.map(async (home) => {
        const held = await services.directory(home).edges(fromMs);
        return held.map((count) => viewOf(home, count));
      });
      return ok({ data: (await Promise.all(counts)).flat() });
    },
  }),
];

function viewOf(
  home: (typeof HOME_REGION_NAMES)[number],
  { colo, outcome, hourMs, count }: EdgeCount,
) {
  return { region: home, colo, outcome, hour: isoTime(hourMs), count };
}
