import type { ArchiveLocation } from "../../region/regions.ts";

/** What is said while files go to another location than the source's first. */
export function failoverAlert(
  location: ArchiveLocation,
  [first]: readonly ArchiveLocation[],
): string | undefined {
  if (first === undefined || first === location) return undefined;
  return `archive_failover: files go to ${location}, because ${first} did not take them`;
}

/** What is said while second copies may stand somewhere; `open` is absent when nobody could say. */
export function suspectsAlert(open: number | undefined): string | undefined {
  if (open === 0) return undefined;
  return open === undefined
    ? "archive_suspects: the catalogue did not say how many are open"
    : `archive_suspects: ${open} places may hold a second copy of a file`;
}
