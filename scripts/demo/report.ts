import type { OwnBucketSummary } from "./own-bucket.ts";
import type { RegionRow, Verdict } from "./verdict.ts";

const HEADINGS = [
  "region",
  "buckets",
  "files",
  "events",
  "duplicates dropped",
  "wrong-region refusals",
  "bytes outside the region",
  "delivered",
];

const OWN_HEADINGS = [
  "customer's bucket",
  "verification",
  "events archived",
  "deleted",
  "left",
  "replayed",
  "in the platform's buckets",
];

/** The table that the demo prints, and its verdict; `own` is what came of the customer's bucket. */
export function formatReport({ rows, problems }: Verdict, own?: OwnBucketSummary): string {
  const verdict =
    problems.length === 0
      ? "Every number is right: each event stands once, in its own region."
      : `NOT right:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
  return [
    "",
    formatTable([HEADINGS, ...rows.map(cellsOf)]),
    ...(own === undefined ? [] : ["", formatTable([OWN_HEADINGS, ownCells(own)])]),
    "",
    "Read back from the buckets with AWS's own client, and from a recorder of everything the Worker",
    "sent anywhere, destinations included. Jurisdictions are simulated on this machine: this is no",
    "evidence of residency.",
    "",
    verdict,
  ].join("\n");
}

function cellsOf(row: RegionRow): readonly string[] {
  const numbers = [row.files, row.events, row.duplicates, row.wrongRegion, row.outsideBytes];
  const delivered = Object.entries(row.delivered).map(([slug, count]) => `${slug} ${count}`);
  return [row.region, row.buckets.join(", "), ...numbers.map(String), delivered.join(", ")];
}

function ownCells(own: OwnBucketSummary): readonly string[] {
  const { name, verification, archived, deleted, left, replayed, platform } = own;
  return [name, verification, ...[archived, deleted, left, replayed, platform].map(String)];
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`)
    .map((line) => line.trimEnd())
    .join("\n");
}
