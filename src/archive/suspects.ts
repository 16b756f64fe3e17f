import type { HomeRegion } from "../core/ids.ts";
import type { Result } from "../core/result.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../region/regions.ts";
import type { Breakers } from "../s3/breaker.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { BucketFailure } from "../s3/failures.ts";
import type { ArchiveFile } from "./archive-file.ts";

/**
 * A place where a second copy of a file may stand, or may come to stand: a PUT went there whose
 * answer was lost, and the file was then written elsewhere. The catalogue names the one copy that
 * counts; the other is removed once no PUT can land any more.
 */
export type Suspect = {
  readonly key: string;
  readonly location: ArchiveLocation;
  /** What our copy would say of itself. */
  readonly ndjsonSha256: string;
  readonly notedAtMs: number;
  /** Not before this instant. */
  readonly checkAtMs: number;
  /** A code: why it is still open although it was checked. */
  readonly error: string | undefined;
};

/** Locations to be checked for a second copy of a file that the catalogue holds. */
export type NewSuspects = {
  readonly key: string;
  readonly locations: readonly ArchiveLocation[];
};

/** A suspect as it is shown. */
export type OpenSuspect = Omit<Suspect, "ndjsonSha256"> & {
  /** Where the copy that counts stands. */
  readonly keptAt: ArchiveLocation | undefined;
};

export type OpenSuspects = {
  readonly open: number;
  /** The oldest {@link SUSPECTS_SHOWN_MAX} of them. */
  readonly shown: readonly OpenSuspect[];
};

export const SUSPECTS_SHOWN_MAX = 100;

/** Those of several months as one. */
export function joinSuspects(months: readonly OpenSuspects[]): OpenSuspects {
  const shown = months
    .flatMap((month) => month.shown)
    .toSorted((a, b) => a.notedAtMs - b.notedAtMs)
    .slice(0, SUSPECTS_SHOWN_MAX);
  return { open: months.reduce((sum, { open }) => sum + open, 0), shown };
}

/** Checked in one go, of one location. */
const DUE_MAX = 100;
/** Until a suspect is looked at again that only a person can solve. */
const PUZZLE_MS = 3_600_000;

/** What a check reaches, in domain words. */
export type SuspectDeps = {
  readonly home: HomeRegion;
  /** One failure opens a breaker: nothing is in a hurry here. */
  readonly breakers: Breakers<ArchiveLocation>;
  due(location: ArchiveLocation, nowMs: number, max: number): readonly Suspect[];
  /** The file as the catalogue knows it. */
  find(key: string): ArchiveFile | undefined;
  bucket(location: ArchiveLocation): Pick<Bucket, "head" | "remove">;
  clear(suspect: Suspect): void;
  postpone(suspect: Suspect, error: string, checkAtMs: number): void;
  now(): number;
  /** How long a location that does not answer is left alone at most. */
  readonly unansweredMs: number;
  /** Whether the slice's time is over; asked between suspects. */
  isOver(): boolean;
};

type Verdict =
  | { readonly kind: "cleared" }
  /** The suspect's own location does not answer, so no other suspect there can be checked either. */
  | { readonly kind: "unanswered" }
  | { readonly kind: "later"; readonly error: string; readonly waitMs: number };

/** Checks what is due, location by location. A kill at any instant only means a second check. */
export async function checkSuspects(deps: SuspectDeps): Promise<void> {
  for (const location of HOME_REGIONS[deps.home].locations) {
    while (deps.breakers.admits(location) && !deps.isOver()) {
      const due = deps.due(location, deps.now(), DUE_MAX);
      if (due.length === 0) break;
      for (const suspect of due) {
        if (deps.isOver() || !deps.breakers.admits(location)) break;
        settle(deps, suspect, await judge(deps, suspect));
      }
    }
  }
}

/** When the next check is due; `undefined` when no suspect is open. */
export function nextCheckAt(
  home: HomeRegion,
  breakers: Breakers<ArchiveLocation>,
  dueAtMs: (location: ArchiveLocation) => number | undefined,
): number | undefined {
  const times = HOME_REGIONS[home].locations.flatMap((location) => {
    const dueMs = dueAtMs(location);
    return dueMs === undefined ? [] : [Math.max(dueMs, breakers.nextAtMs([location]))];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

function settle(deps: SuspectDeps, suspect: Suspect, verdict: Verdict): void {
  if (verdict.kind === "unanswered")
    return deps.breakers.failed(suspect.location, true, "unanswered");
  deps.breakers.answered(suspect.location);
  if (verdict.kind === "cleared") return deps.clear(suspect);
  deps.postpone(suspect, verdict.error, deps.now() + verdict.waitMs);
}

/**
 * Looks whether the copy is there, and removes it only if it is ours, the catalogue says that the
 * file lives elsewhere, and the file does stand there at this moment.
 */
async function judge(deps: SuspectDeps, suspect: Suspect): Promise<Verdict> {
  const { key, location, ndjsonSha256 } = suspect;
  const file = deps.find(key);
  if (file === undefined) return { kind: "later", error: "not-in-catalogue", waitMs: PUZZLE_MS };
  if (file.location === location) return { kind: "cleared" };
  const copy = await deps.bucket(location).head(key);
  if (!copy.ok) {
    if (copy.error.kind === "not-found") {
      // It was removed before, and what a bucket kept of it perhaps not.
      const isHidden = copy.error.isMarked === true;
      return isHidden ? removalOf(await deps.bucket(location).remove(key)) : { kind: "cleared" };
    }
    if (copy.error.kind !== "refused") return { kind: "unanswered" };
    return { kind: "later", error: copy.error.code, waitMs: PUZZLE_MS };
  }
  if (copy.value.meta.get("ndjson-sha256") !== ndjsonSha256) {
    return { kind: "later", error: "other-events", waitMs: PUZZLE_MS };
  }
  const kept = await deps.bucket(file.location).head(key);
  if (!kept.ok && kept.error.kind !== "not-found") {
    return { kind: "later", error: "kept-copy-unanswered", waitMs: deps.unansweredMs };
  }
  if (!kept.ok || kept.value.meta.get("ndjson-sha256") !== file.ndjsonSha256) {
    return { kind: "later", error: "kept-copy-missing", waitMs: PUZZLE_MS };
  }
  return removalOf(await deps.bucket(location).remove(key));
}

function removalOf(removed: Result<undefined, BucketFailure>): Verdict {
  if (removed.ok) return { kind: "cleared" };
  if (removed.error.kind !== "refused") return { kind: "unanswered" };
  return { kind: "later", error: removed.error.code, waitMs: PUZZLE_MS };
}
