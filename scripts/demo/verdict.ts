import type { HomeRegion } from "../../src/core/ids.ts";
import { homeOf } from "../../src/region/regions.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Evidence } from "./evidence.ts";
import type { DemoHome } from "./homes.ts";
import type { Traffic } from "./traffic.ts";

/** The demo's last line. Every number is recomputed from the buckets and the recorder. */
export type Summary = {
  readonly sent: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly wrongRegion: number;
  readonly archived: { readonly eu: number; readonly us: number };
  readonly files: { readonly eu: readonly string[]; readonly us: readonly string[] };
  readonly outsideRegion: number;
  /** Events by region and destination, as the destinations' stand-ins saw them. */
  readonly delivered: Deliveries["delivered"];
};

/** One region's line of the table. */
export type RegionRow = {
  readonly region: HomeRegion;
  /** Those of the region that hold files. */
  readonly buckets: readonly string[];
  readonly files: number;
  readonly events: number;
  readonly duplicates: number;
  readonly wrongRegion: number;
  readonly outsideBytes: number;
  readonly delivered: Readonly<Record<string, number>>;
};

/** What was found, and every way in which it is not what was promised. */
export type Verdict = {
  readonly summary: Summary;
  readonly rows: readonly RegionRow[];
  readonly problems: readonly string[];
};

/**
 * Judges the evidence against what was sent.
 *
 * @param ownCounts what the product says it accepted, by source id; it has to agree.
 */
export function judgeDemo(
  homes: readonly DemoHome[],
  traffic: Traffic,
  evidence: Evidence,
  ownCounts: ReadonlyMap<string, number>,
  { delivered, problems: undelivered }: Deliveries,
): Verdict {
  const problems = homes.flatMap((home) => problemsOf(home, traffic, evidence, ownCounts));
  problems.push(...undelivered);
  if (evidence.deadLetters > 0) problems.push(`${evidence.deadLetters} events became dead letters`);
  const strays = evidence.lines.filter(({ messageId }) =>
    traffic.wrongRegionIds.includes(messageId),
  );
  if (strays.length > 0) problems.push(`${strays.length} events of the wrong region were stored`);
  if (traffic.wrongRegionRefused !== traffic.wrongRegionIds.length) {
    problems.push(
      `${traffic.wrongRegionRefused} of ${traffic.wrongRegionIds.length} calls to the wrong region were refused`,
    );
  }
  const { eu, us, unknown } = evidence.outsideBytes;
  const outsideRegion = eu + us + unknown;
  if (outsideRegion > 0) problems.push(`${outsideRegion} bytes went outside the region`);
  const rows = homes.map((home) => rowOf(home, traffic, evidence, delivered[home.region]));
  const sent = [...traffic.sent.values()].reduce((sum, count) => sum + count, 0);
  const duplicates = rows.reduce((sum, row) => sum + row.duplicates, 0);
  return {
    rows,
    summary: {
      sent,
      accepted: sent - duplicates,
      duplicates,
      wrongRegion: traffic.wrongRegionRefused,
      archived: { eu: linesIn("eu", evidence), us: linesIn("us", evidence) },
      files: { eu: filesIn("eu", evidence), us: filesIn("us", evidence) },
      outsideRegion,
      delivered,
    },
    problems,
  };
}

function rowOf(
  { region, sourceId }: DemoHome,
  traffic: Traffic,
  evidence: Evidence,
  delivered: RegionRow["delivered"],
): RegionRow {
  const lines = evidence.lines.filter((line) => line.sourceId === sourceId);
  const unique = new Set(lines.map(({ messageId }) => messageId)).size;
  return {
    region,
    buckets: [
      ...new Set(
        evidence.files
          .filter(({ location }) => homeOf(location) === region)
          .map(({ bucket }) => bucket),
      ),
    ],
    files: filesIn(region, evidence).length,
    events: linesIn(region, evidence),
    duplicates: (traffic.sent.get(sourceId) ?? 0) - unique,
    wrongRegion: region === "eu" ? traffic.wrongRegionRefused : 0,
    outsideBytes: evidence.outsideBytes[region],
    delivered,
  };
}

function problemsOf(
  { region, sourceId }: DemoHome,
  traffic: Traffic,
  evidence: Evidence,
  ownCounts: ReadonlyMap<string, number>,
): string[] {
  const problems: string[] = [];
  const sent = new Set(traffic.messageIds.get(sourceId));
  const lines = evidence.lines.filter((line) => line.sourceId === sourceId);
  const found = new Set(lines.map(({ messageId }) => messageId));
  const lost = [...sent].filter((id) => !found.has(id)).length;
  const invented = [...found].filter((id) => !sent.has(id)).length;
  const outside = lines.filter(({ location }) => homeOf(location) !== region).length;
  if (lost > 0) problems.push(`${region}: ${lost} events are in no bucket`);
  if (lines.length > found.size)
    problems.push(`${region}: ${lines.length - found.size} lines stand twice`);
  if (invented > 0) problems.push(`${region}: ${invented} lines were never sent`);
  if (outside > 0) problems.push(`${region}: ${outside} lines are in a bucket outside the region`);
  const own = ownCounts.get(sourceId);
  if (own !== found.size)
    problems.push(`${region}: the product counts ${own}, the bucket holds ${found.size}`);
  return problems;
}

function linesIn(region: "eu" | "us", evidence: Evidence): number {
  return evidence.lines.filter(({ location }) => homeOf(location) === region).length;
}

function filesIn(region: "eu" | "us", evidence: Evidence): readonly string[] {
  return evidence.files
    .filter(({ location }) => homeOf(location) === region)
    .map(({ location, key }) => `${location}/${key}`);
}
