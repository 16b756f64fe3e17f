import type { ChildId } from "../core/ids.ts";
import type { OwnBucketName } from "../region/own-bucket.ts";
import type { JobRef } from "./jobs.ts";
import { dayOf } from "./key.ts";

/** How long files are kept in the platform's bucket, in days. */
export type RetentionDays = number | "unlimited";

/** What one sweep has done so far. */
export type RetentionProgress = {
  readonly id: ChildId<"job">;
  readonly state: "running" | "done" | "failed";
  readonly days: RetentionDays;
  /** Files whose last event was received before this instant are removed; absent when none ever is. */
  readonly beforeMs: number | undefined;
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
  /** Files that their bucket refused to remove; the next sweep tries again. */
  readonly refused: number;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** A code: why it failed, why it waits to try again, or why a file was refused. */
  readonly error: string | undefined;
  /** The job of the same source that it waits for; absent while it has its turn. */
  readonly waitsFor?: JobRef;
};

/** A sweep as it is stored: progress, and the position it resumes from. */
export type RetentionJob = {
  readonly progress: RetentionProgress;
  /** The month that is being swept; those before it are done with. Empty at first. */
  readonly month: string;
  readonly after: string | undefined;
  readonly failures: number;
  /** Not before this instant, epoch ms. */
  readonly nextAtMs: number;
  /** The customer's own buckets in which files are removed as well; absent from older code. */
  readonly own?: readonly OwnBucketName[];
};

/** What sweeping a part of a month came to. */
export type SweepPage = {
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
  readonly refused: number;
  /** A code, when a file was refused, or when the sweep cannot go on now. */
  readonly error: string | undefined;
  /** Whether the bucket did not answer: ask for the same part again later. */
  readonly isUnanswered: boolean;
  /** Ask with it for what follows; absent when the month is done. */
  readonly next: string | undefined;
};

/** What sweeping reaches. */
export type RetentionDeps = {
  months(): readonly string[];
  sweep(month: string, beforeMs: number, after: string | undefined): Promise<SweepPage>;
  save(job: RetentionJob): void;
  now(): number;
  isOver(): boolean;
};

const DAY_MS = 86_400_000;
/** Sweeps of all sources begin within this after midnight, so that buckets are not asked all at once. */
const SPREAD_MS = 3_600_000;
const DELAY_MS_BASE = 1000;
const DELAY_MS_MAX = 600_000;
/** About a day at the longest delay; the next day's sweep then begins anew. */
const FAILURES_MAX = 150;

/**
 * Files whose last event was received before this instant are older than they may get. Whole days of
 * receipt go at once, so a file is kept for at least that many days and less than one more.
 */
export function cutoffOf(days: RetentionDays, nowMs: number): number | undefined {
  return days === "unlimited" ? undefined : dayOf(nowMs) - days * DAY_MS;
}

/** From when on what was received last at that instant is older than it may get. */
export function expiryOf(days: number, lastMs: number): number {
  return dayOf(lastMs) + (days + 1) * DAY_MS;
}

/** When the next sweep is due: on the day after the last one, or after the first month was opened. */
export function nextSweepAt(lastMs: number, sourceId: string): number {
  let hash = 0;
  for (const char of sourceId) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return dayOf(lastMs) + DAY_MS + (hash % SPREAD_MS);
}

/** What a sweep may remove. */
export type SweepLimits = {
  readonly beforeMs: number;
  readonly own: readonly OwnBucketName[];
};

/**
 * What a sweep that was begun earlier may still remove, by what its owner wants now: never more than
 * then, and never more than now. It may have waited for a day, and what is removed cannot be had again.
 *
 * @returns `undefined` when nothing is to be removed any more.
 */
export function narrowRetention(
  { progress, own = [] }: RetentionJob,
  wanted: { readonly days: RetentionDays; readonly swept: readonly OwnBucketName[] },
  nowMs: number,
): SweepLimits | undefined {
  const cutoffMs = cutoffOf(wanted.days, nowMs);
  if (progress.beforeMs === undefined || cutoffMs === undefined) return undefined;
  return {
    beforeMs: Math.min(progress.beforeMs, cutoffMs),
    own: own.filter((name) => wanted.swept.includes(name)),
  };
}

/** A sweep that cannot go on is tried again within minutes; after this it does not pass by itself. */
const FAILING_MS = 3_600_000;

/** Whether somebody has to look: files stay that are older than they may get. */
export function isSweepFailing(progress: RetentionProgress, nowMs: number): boolean {
  const { state, refused, error, startedAtMs } = progress;
  if (state === "failed" || refused > 0) return true;
  return state === "running" && error !== undefined && nowMs - startedAtMs >= FAILING_MS;
}

/** A sweep that has not done anything yet. */
export function newRetention(
  id: ChildId<"job">,
  days: RetentionDays,
  nowMs: number,
  own: readonly OwnBucketName[] = [],
): RetentionJob {
  return {
    own,
    progress: {
      id,
      state: "running",
      days,
      beforeMs: cutoffOf(days, nowMs),
      files: 0,
      events: 0,
      bytes: 0,
      refused: 0,
      startedAtMs: nowMs,
      updatedAtMs: nowMs,
      error: undefined,
    },
    month: "",
    after: undefined,
    failures: 0,
    nextAtMs: nowMs,
  };
}

/** Goes on with a sweep until its slice is over, it is done, or its bucket does not answer. */
export async function runRetention(
  start: RetentionJob,
  deps: RetentionDeps,
): Promise<RetentionJob> {
  const { beforeMs } = start.progress;
  if (beforeMs === undefined) return endRetention(start, "done", deps.now());
  let job = start;
  for (const month of deps.months()) {
    if (month < job.month) continue;
    if (month > job.month) job = { ...job, month, after: undefined };
    do {
      if (deps.isOver()) return job;
      const page = await deps.sweep(month, beforeMs, job.after);
      job = advance(job, page, deps.now());
      deps.save(job);
      if (page.isUnanswered) return job;
    } while (job.after !== undefined);
  }
  return endRetention(job, "done", deps.now());
}

/** The sweep after something that may pass: it waits, longer each time, and in the end gives up. */
export function postponeRetention(job: RetentionJob, error: string, nowMs: number): RetentionJob {
  const failures = job.failures + 1;
  const progress = { ...job.progress, error, updatedAtMs: nowMs };
  if (failures >= FAILURES_MAX) return endRetention({ ...job, progress }, "failed", nowMs);
  const delayMs = Math.min(DELAY_MS_BASE * 2 ** Math.min(failures - 1, 20), DELAY_MS_MAX);
  return { ...job, progress, failures, nextAtMs: nowMs + delayMs };
}

function advance(job: RetentionJob, page: SweepPage, nowMs: number): RetentionJob {
  const { progress } = job;
  const counted: RetentionJob = {
    ...job,
    after: page.isUnanswered ? job.after : page.next,
    failures: page.isUnanswered ? job.failures : 0,
    nextAtMs: nowMs,
    progress: {
      ...progress,
      files: progress.files + page.files,
      events: progress.events + page.events,
      bytes: progress.bytes + page.bytes,
      refused: progress.refused + page.refused,
      updatedAtMs: nowMs,
      error: page.error ?? (progress.refused > 0 ? progress.error : undefined),
    },
  };
  return page.isUnanswered
    ? postponeRetention(counted, page.error ?? "unavailable", nowMs)
    : counted;
}

/** The sweep once it is over. */
export function endRetention(
  job: RetentionJob,
  state: "done" | "failed",
  nowMs: number,
): RetentionJob {
  return { ...job, progress: { ...job.progress, state, updatedAtMs: nowMs } };
}
