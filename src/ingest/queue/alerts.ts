import type { Breakers } from "../../s3/breaker.ts";
import type { ArchivePlace } from "../../region/own-bucket.ts";

/** What is said while files go to another location than the source's first, and why. */
export function failoverAlert(
  location: ArchivePlace,
  [first]: readonly ArchivePlace[],
  breakers: Pick<Breakers<ArchivePlace>, "reason">,
): string | undefined {
  if (first === undefined || first === location) return undefined;
  const reason = breakers.reason(first) ?? "it did not take the file";
  return `archive_failover: files go to ${location}, because of ${first}: ${reason}`;
}

/** What is said while second copies may stand somewhere; `open` is absent when nobody could say. */
export function suspectsAlert(open: number | undefined): string | undefined {
  if (open === 0) return undefined;
  return open === undefined
    ? "archive_suspects: the catalogue did not say how many are open"
    : `archive_suspects: ${open} places may hold a second copy of a file`;
}
