import type { SourceId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import { placeOfOwn } from "../region/own-bucket.ts";
import type { Services } from "../services.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { FILES_PAGE_MAX, formatPosition, parsePosition } from "./catalogue.ts";
import { monthOf } from "./key.ts";
import type { RebuildProgress, RebuildRefusal } from "./rebuild.ts";

/** The query of `GET …/sources/:id/files`, as text. */
export type ListFilesQuery = {
  /** ISO 8601; files with an event received at this instant or later. */
  readonly from?: string | undefined;
  /** ISO 8601; files with an event received before this instant. */
  readonly to?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: string | undefined;
};

export type FileView = Omit<ArchiveFile, "sourceId" | "firstReceivedAtMs" | "lastReceivedAtMs"> & {
  readonly firstReceivedAt: string;
  readonly lastReceivedAt: string;
};

export type FileList = {
  readonly data: readonly FileView[];
  readonly pagination: { readonly next: string | null };
};

/** The query is wrong in that member. */
export type QueryRefusal = {
  readonly kind: "invalid-query";
  readonly member: keyof ListFilesQuery;
};

export type RebuildView = Omit<RebuildProgress, "startedAtMs" | "updatedAtMs"> & {
  readonly startedAt: string;
  readonly updatedAt: string;
};

/** Places where a second copy of a file may stand; it is removed as soon as that is safe. */
export type SuspectsView = {
  readonly open: number;
  /** The oldest of them. */
  readonly data: readonly SuspectView[];
};

export type SuspectView = {
  readonly key: string;
  readonly location: ArchiveLocation;
  /** Where the copy that counts stands. */
  readonly keptAt: ArchiveLocation | null;
  readonly notedAt: string;
  readonly checkAt: string;
  /** Why it is still open although it was checked. */
  readonly error: string | null;
};

const LIMIT_DEFAULT = 100;
/** A file may hold events of the month before its own: they waited while no bucket could be reached. */
const MONTHS_LATE_MAX = 1;
/** And of the month after, where a Worker's clock was ahead of the queue's at midnight. */
const SKEW_MS_MAX = 3_600_000;
/** The end of the year 9999; ISO 8601 needs other years to be agreed upon. */
const TIME_MS_MAX = 253_402_300_799_999;

type Range = {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly month: string;
  readonly after: string | undefined;
  readonly limit: number;
};

/** `GET …/files`: archive files by the time their events were received, oldest month first. */
export async function listFiles(
  sourceId: SourceId,
  query: ListFilesQuery,
  services: Services,
): Promise<Result<FileList, QueryRefusal>> {
  const range = parseQuery(query);
  if (!range.ok) return range;
  const { fromMs, toMs, month: startMonth, after, limit } = range.value;
  const data: FileView[] = [];
  for (const month of await services.archive(sourceId).months()) {
    if (month < startMonth || (toMs !== undefined && month > latestMonth(toMs))) continue;
    const page = await services.archiveMonth(sourceId, month).list({
      max: limit - data.length,
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
      ...(after === undefined || month !== startMonth ? {} : { after }),
    });
    data.push(...page.files.map(viewOf));
    const last = page.files.at(-1);
    if (data.length >= limit && last !== undefined) {
      return ok({ data, pagination: { next: `${month}:${formatPosition(last)}` } });
    }
  }
  return ok({ data, pagination: { next: null } });
}

/** `POST …/files/rebuild`: reads the catalogue anew from the buckets. `undefined`: no such source. */
export async function startRebuild(
  sourceId: SourceId,
  options: { readonly segmentSourceId?: string | undefined },
  services: Services,
): Promise<Result<RebuildView, RebuildRefusal | { readonly kind: "unknown" | "unavailable" }>> {
  const source = await services.sourceConfig(sourceId);
  if (source.kind !== "found") return err({ kind: source.kind });
  const { segmentSourceId } = options;
  const { storage } = source.config;
  const started = await services.archive(sourceId).startRebuild({
    fingerprintKey: source.config.fingerprintKey,
    ...(segmentSourceId === undefined ? {} : { segmentSourceId }),
    ...(storage === undefined ? {} : { ownPlaces: storage.buckets.map(placeOfOwn) }),
  });
  return started.ok ? ok(rebuildView(started.value)) : started;
}

/** `GET …/files/rebuild`: the present or the last rebuild; `undefined` when there was none. */
export async function rebuildStatus(
  sourceId: SourceId,
  services: Services,
): Promise<RebuildView | undefined> {
  const progress = await services.archive(sourceId).rebuild();
  return progress === undefined ? undefined : rebuildView(progress);
}

/** `GET …/files/suspects`. */
export async function listSuspects(sourceId: SourceId, services: Services): Promise<SuspectsView> {
  const { open, shown } = await services.archive(sourceId).suspects();
  const data = shown.map(({ key, location, keptAt, notedAtMs, checkAtMs, error }) => ({
    key,
    location,
    keptAt: keptAt ?? null,
    notedAt: new Date(notedAtMs).toISOString(),
    checkAt: new Date(checkAtMs).toISOString(),
    error: error ?? null,
  }));
  return { open, data };
}

function parseQuery({ from, to, after, limit }: ListFilesQuery): Result<Range, QueryRefusal> {
  const fromMs = from === undefined ? undefined : Date.parse(from);
  const toMs = to === undefined ? undefined : Date.parse(to);
  if (!isTime(fromMs)) return err({ kind: "invalid-query", member: "from" });
  if (!isTime(toMs)) return err({ kind: "invalid-query", member: "to" });
  const max = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (!Number.isInteger(max) || max < 1 || max > FILES_PAGE_MAX) {
    return err({ kind: "invalid-query", member: "limit" });
  }
  const [, month, position] = /^(\d{4}-\d{2}):(.+)$/s.exec(after ?? "") ?? [];
  if (after !== undefined && parsePosition(position ?? "") === undefined) {
    return err({ kind: "invalid-query", member: "after" });
  }
  const firstMonth = fromMs === undefined ? "" : monthOf(Math.max(0, fromMs - SKEW_MS_MAX));
  return ok({ fromMs, toMs, month: month ?? firstMonth, after: position, limit: max });
}

function isTime(ms: number | undefined): boolean {
  return ms === undefined || (ms >= 0 && ms <= TIME_MS_MAX);
}

/** The latest month whose files may hold an event received before `toMs`. */
function latestMonth(toMs: number): string {
  const date = new Date(toMs);
  return monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + MONTHS_LATE_MAX, 1));
}

function viewOf(file: ArchiveFile): FileView {
  const { sourceId: _sourceId, firstReceivedAtMs, lastReceivedAtMs, ...rest } = file;
  return {
    ...rest,
    firstReceivedAt: new Date(firstReceivedAtMs).toISOString(),
    lastReceivedAt: new Date(lastReceivedAtMs).toISOString(),
  };
}

function rebuildView({ startedAtMs, updatedAtMs, ...rest }: RebuildProgress): RebuildView {
  return {
    ...rest,
    startedAt: new Date(startedAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
  };
}
