import type { AuditHead } from "./audit-head.ts";
import type { Leaving } from "./leaving.ts";
import type { Source } from "./source.ts";
import { isoTime } from "./source-view.ts";

/** Cloudflare can set an object's storage back by this many days; nobody can shorten it. */
const POINT_IN_TIME_DAYS = 30;

/** What is read again of a source's certificate. */
export type SourceCertificate = {
  readonly ownBucketsLeftAlone: readonly { readonly name: string }[];
};

/**
 * What was deleted of a source: counts, ids of ours and codes. Buckets of the customer's own are named,
 * because what stands in them is theirs and was left alone.
 */
export function certifySource(
  { id, subject, askedAtMs, deletesAtMs, progress }: Leaving,
  source: Pick<Source, "storage"> | undefined,
  nowMs: number,
): string {
  return JSON.stringify({
    kind: "homeport-source-deleted",
    version: 1,
    id,
    subject,
    askedAt: isoTime(askedAtMs),
    deletesAt: isoTime(deletesAtMs),
    finishedAt: isoTime(nowMs),
    ...progress.counts,
    problems: progress.problems,
    ownBucketsLeftAlone: (source?.storage?.buckets ?? []).map(({ name, location, bucket }) => ({
      name,
      location,
      bucket,
    })),
    pointInTimeRecoveryDays: POINT_IN_TIME_DAYS,
  });
}

/** What was deleted of a workspace, for the operator's eyes: its sources by the hash of their certificate. */
export function certifyWorkspace(
  { id, subject, askedAtMs, deletesAtMs, progress }: Leaving,
  of: {
    readonly sources: readonly { readonly subject: string; readonly sha256: string }[];
    readonly ownBucketsLeftAlone: number;
    readonly auditHead: AuditHead;
  },
  nowMs: number,
): string {
  const { seq, hash } = of.auditHead;
  return JSON.stringify({
    kind: "homeport-workspace-deleted",
    version: 1,
    id,
    subject,
    askedAt: isoTime(askedAtMs),
    deletesAt: isoTime(deletesAtMs),
    finishedAt: isoTime(nowMs),
    ...progress.counts,
    problems: progress.problems,
    sources: of.sources,
    ownBucketsLeftAlone: of.ownBucketsLeftAlone,
    auditHead: { seq, hash },
    pointInTimeRecoveryDays: POINT_IN_TIME_DAYS,
  });
}
