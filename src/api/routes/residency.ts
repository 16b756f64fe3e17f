import {
  array,
  boolean,
  isoTimestamp,
  literal,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  strictObject,
  string,
} from "valibot";

import { err, ok, type Result } from "../../core/result.ts";
import type { EvidenceRange } from "../../egress/evidence.ts";
import { formatPage, PAGE_POLICY } from "../../residency/page.ts";
import { buildReport } from "../../residency/report.ts";
import { VERSION } from "../../version.ts";
import { workspaceOperation, type Operation } from "../operation.ts";
import { refuse, type Problem } from "../problem.ts";
import { problemOf } from "../refusals.ts";
import { archiveLocation, region } from "../schemas.ts";

const instant = pipe(string(), isoTimestamp());

const reportView = object({
  report: literal("homeport-residency"),
  version: string(),
  generatedAt: string(),
  period: object({ from: string(), to: string() }),
  evidenceKeptDays: number(),
  isCut: boolean(),
  workspace: object({ id: string(), region, title: string(), place: string() }),
  jurisdictions: object({ mode: picklist(["enforced", "simulated"]), isEvidence: boolean() }),
  lock: object({
    region,
    at: string(),
    by: string(),
    auditSeq: number(),
    auditHash: string(),
    changesRefused: number(),
  }),
  objects: array(
    object({
      object: string(),
      kind: string(),
      reported: string(),
      wanted: nullable(string()),
      isAsWanted: boolean(),
      evidence: picklist(["jurisdiction", "best-effort", "none"]),
      firstAt: string(),
      lastAt: string(),
    }),
  ),
  hosts: array(
    object({
      host: string(),
      purpose: string(),
      level: string(),
      levelMeans: string(),
      locations: array(object({ location: archiveLocation, region })),
      requests: number(),
      bytesSent: number(),
      bytesReceived: number(),
      firstAt: string(),
      lastAt: string(),
    }),
  ),
  refusals: array(
    object({
      host: string(),
      purpose: string(),
      reason: string(),
      hour: string(),
      count: number(),
    }),
  ),
  edges: array(
    object({ colo: string(), outcome: string(), count: number(), region: nullable(region) }),
  ),
  archiveLocations: array(
    object({ location: archiveLocation, order: number(), host: string(), sources: number() }),
  ),
  audit: object({
    seq: number(),
    hash: string(),
    at: string(),
    publicKey: string(),
    signature: string(),
    headFiles: object({
      last: nullable(object({ day: string(), location: string() })),
      daysWaiting: array(string()),
    }),
  }),
  notGuaranteed: array(object({ id: string(), title: string(), text: string() })),
});

/** What the report covers unless `from` says otherwise. */
const PERIOD_MS_DEFAULT = 30 * 86_400_000;

/** The residency report: what ran where, whom it contacted, what was refused, what is not covered. */
export const RESIDENCY_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/residency",
    summary:
      "The residency report of a period (30 days unless from and to say otherwise), as JSON or as a page to print",
    query: strictObject({
      format: optional(picklist(["json", "html"])),
      from: optional(instant),
      to: optional(instant),
    }),
    answer: reportView,
    media: ["text/html"],
    handle: async ({ workspace, call, query, services }) => {
      const nowMs = services.now();
      const range = rangeOf(query, nowMs);
      if (!range.ok) return range;
      const facts = await workspace.residency(call, range.value);
      if (!facts.ok) return err(problemOf(facts.error));
      const settings = { ...services.config, version: VERSION };
      const report = buildReport(facts.value, settings, { range: range.value, nowMs });
      return ok(query.format === "html" ? pageResponse(formatPage(report)) : report);
    },
  }),
];

function rangeOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
): Result<EvidenceRange, Problem> {
  // The end is not part of a range, and what was seen in this very millisecond should be.
  const toMs = to === undefined ? nowMs + 1 : Date.parse(to);
  const fromMs = from === undefined ? toMs - PERIOD_MS_DEFAULT : Date.parse(from);
  return fromMs < toMs
    ? ok({ fromMs, toMs })
    : refuse("invalid_query", "from has to be before to.");
}

function pageResponse(page: string): Response {
  return new Response(page, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": PAGE_POLICY,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
