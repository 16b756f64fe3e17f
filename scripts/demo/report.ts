import { homeBucketName } from "../local-aws/options.ts";
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

/** The table that the demo prints, and its verdict. */
export function formatReport({ rows, problems }: Verdict): string {
  const verdict =
    problems.length === 0
      ? "Every number is right: each event stands once, in its own region."
      : `NOT right:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
  return [
    "",
    formatTable([HEADINGS, ...rows.map(cellsOf)]),
    "",
    "Read back from the buckets with AWS's own client, and from a recorder of everything the Worker",
    "sent anywhere, destinations included. Jurisdictions are simulated on this machine: this is no",
    "evidence of residency.",
    "",
    verdict,
  ].join("\n");
}

function cellsOf(row: RegionRow): readonly string[] {
  const buckets = row.locations.map(homeBucketName).join(", ");
  const numbers = [row.files, row.events, row.duplicates, row.wrongRegion, row.outsideBytes];
  const delivered = Object.entries(row.delivered).map(([slug, count]) => `${slug} ${count}`);
  return [row.region, buckets, ...numbers.map(String), delivered.join(", ")];
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`)
    .map((line) => line.trimEnd())
    .join("\n");
}
