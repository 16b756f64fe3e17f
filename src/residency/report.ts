import type { Config } from "../config.ts";
import { regionOf } from "../core/ids.ts";
import type {
  EvidenceRange,
  EvidenceView,
  HostEvidence,
  ObjectEvidence,
} from "../egress/evidence.ts";
import { EVIDENCE_DAYS_MAX } from "../egress/evidence.ts";
import { homeOfColo } from "../region/edge.ts";
import { parseName, placeOf } from "../region/object-names.ts";
import { HOME_REGIONS, homeOf, type ArchiveLocation } from "../region/regions.ts";
import type { ResidencyFacts } from "../workspace/residency-facts.ts";
import { isoTime } from "../workspace/source-view.ts";
import { HOST_LEVELS } from "./host-levels.ts";
import { notGuaranteedFor } from "./not-guaranteed.ts";

export type ReportSettings = Pick<Config, "jurisdictions"> & {
  readonly version: string;
  readonly buckets: Buckets;
};

type Buckets = Readonly<
  Record<ArchiveLocation, { readonly location: ArchiveLocation; readonly url: string }>
>;

export type ResidencyReport = ReturnType<typeof buildReport>;

/**
 * The residency report: from recorded evidence only, what ran where, who was contacted and what was
 * refused; and what is not guaranteed. It holds ids, hosts, counts and times, never personal data.
 */
export function buildReport(
  facts: ResidencyFacts,
  settings: ReportSettings,
  { range, nowMs }: { readonly range: EvidenceRange; readonly nowMs: number },
) {
  const { workspaceId, evidence, lock, head } = facts;
  const home = regionOf(workspaceId);
  const { title, place } = HOME_REGIONS[home];
  const isSimulated = settings.jurisdictions === "simulated";
  return {
    report: "homeport-residency" as const,
    version: settings.version,
    generatedAt: isoTime(nowMs),
    period: { from: isoTime(range.fromMs), to: isoTime(range.toMs) },
    evidenceKeptDays: EVIDENCE_DAYS_MAX,
    isCut: evidence.isCut,
    workspace: { id: workspaceId, region: home, title, place: standingOf(place) },
    jurisdictions: {
      mode: settings.jurisdictions,
      isEvidence: !isSimulated,
    },
    lock: {
      region: home,
      at: isoTime(lock.atMs),
      by: lock.actor,
      auditSeq: lock.seq,
      auditHash: lock.hash,
      changesRefused: facts.regionChangesRefused,
    },
    objects: evidence.objects.map(viewObject),
    hosts: evidence.hosts.map((host) => viewHost(host, settings.buckets)),
    refusals: evidence.refusals.map(({ hourMs, ...rest }) => ({ ...rest, hour: isoTime(hourMs) })),
    edges: edgesOf(evidence),
    archiveLocations: HOME_REGIONS[home].locations.map((location, i) => ({
      location,
      order: i + 1,
      host: new URL(settings.buckets[location].url).host,
      sources: facts.sources.filter((source) => source.archiveLocations.includes(location)).length,
    })),
    audit: {
      seq: head.seq,
      hash: head.hash,
      at: isoTime(head.atMs),
      publicKey: head.publicKey,
      signature: head.signature,
      headFiles: facts.headFiles,
    },
    notGuaranteed: notGuaranteedFor(home, { isSimulated }).map(({ id, title: what, text }) => ({
      id,
      title: what,
      text,
    })),
  };
}

/** What an object said against what its name wants. */
function viewObject({ object, kind, standing, firstAtMs, lastAtMs }: ObjectEvidence) {
  const name = parseName(object);
  const wanted = name === undefined ? null : standingOf(placeOf(name));
  const [how = "", where = ""] = standing.split(":");
  return {
    object,
    kind,
    reported: standing,
    wanted,
    // A simulated object says the region and proves nothing; it is compared all the same.
    isAsWanted: wanted !== null && where === wanted.split(":")[1],
    evidence: how === "jurisdiction" ? "jurisdiction" : how === "hint" ? "best-effort" : "none",
    firstAt: isoTime(firstAtMs),
    lastAt: isoTime(lastAtMs),
  };
}

function viewHost(host: HostEvidence, buckets: Buckets) {
  const { firstAtMs, lastAtMs, ...rest } = host;
  return {
    ...rest,
    levelMeans: HOST_LEVELS[host.level],
    /** Which of the platform's buckets stand at that host. */
    locations: Object.values(buckets)
      .filter(({ url }) => new URL(url).host === host.host)
      .map(({ location }) => ({ location, region: homeOf(location) })),
    firstAt: isoTime(firstAtMs),
    lastAt: isoTime(lastAtMs),
  };
}

/** Places by outcome over the whole period; an hour of one request would be too close to a person. */
function edgesOf({ edges }: EvidenceView) {
  const sums = new Map<string, { colo: string; outcome: string; count: number }>();
  for (const { colo, outcome, count } of edges) {
    const key = `${colo} ${outcome}`;
    const held = sums.get(key) ?? { colo, outcome, count: 0 };
    sums.set(key, { ...held, count: held.count + count });
  }
  return [...sums.values()]
    .toSorted((a, b) => b.count - a.count || a.colo.localeCompare(b.colo))
    .map((edge) => ({ ...edge, region: homeOfColo(edge.colo) ?? null }));
}

function standingOf(place: (typeof HOME_REGIONS)["eu"]["place"]): string {
  return place.kind === "jurisdiction"
    ? `jurisdiction:${place.jurisdiction}`
    : `hint:${place.hint}`;
}
