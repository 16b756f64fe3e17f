import type { ChildId, SourceId, WorkspaceId } from "../core/ids.ts";

/** Between the wish to be deleted and the deletion; until then it can be taken back. */
export const GRACE_MS = 5 * 86_400_000;

/** A source, or a whole workspace. */
export type LeavingSubject = SourceId | WorkspaceId;

/**
 * What the deletion of a source goes through, in this order.
 * - `turn`: its replays are cancelled, and it waits for its turn among the jobs of its archive.
 * - `queues`, `lanes`, `replays`, `archive`: these objects end their work and are emptied.
 * - `files`: every object below its prefixes in the platform's buckets is removed.
 * - `late`: once no PUT of it can land any more, the buckets are looked through again, and objects that
 *   something woke meanwhile are emptied again.
 */
export const SOURCE_STEPS = [
  "turn",
  "queues",
  "lanes",
  "replays",
  "archive",
  "files",
  "late",
] as const;

/**
 * What the deletion of a workspace goes through: its sources; then its syncs are emptied, its own files
 * removed, and both are looked for once more when nothing that was on its way can land any more.
 */
export const WORKSPACE_STEPS = ["sources", "syncs", "files", "late"] as const;

export type LeavingStep = (typeof SOURCE_STEPS)[number] | (typeof WORKSPACE_STEPS)[number];

/** How far a deletion is. Written down after each unit of work, so that a kill repeats one at most. */
export type LeavingProgress = {
  readonly step: LeavingStep | "done";
  /** Units of the present step that are over: names of objects, locations, ids of ours. */
  readonly finished: readonly string[];
  readonly counts: LeavingCounts;
  /** When the last object that could write files was emptied. */
  readonly closedAtMs?: number;
  /** What could not be looked for or removed, as `location: code`. */
  readonly problems: readonly string[];
  /** Why it does not go on now: a code. */
  readonly waitsFor?: string;
};

export type LeavingCounts = {
  /** Objects of ours that were emptied. */
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  /** Earlier versions of files that a bucket kept. */
  readonly versions: number;
};

/**
 * - `grace`: nothing is deleted yet, and it can be taken back.
 * - `waiting`: it has begun and waits for its turn.
 * - `erasing`: objects are being emptied; whatever is asked of them is refused.
 */
export type LeavingState = "grace" | "waiting" | "erasing" | "done";

/** Whether nothing may come to be any more where that stands: what there is is being removed. */
export function isClosing(state: LeavingState | undefined): boolean {
  return state === "erasing" || state === "done";
}

/** The deletion of a source or a workspace. */
export type Leaving = {
  readonly id: ChildId<"job">;
  readonly subject: LeavingSubject;
  readonly state: LeavingState;
  readonly askedAtMs: number;
  readonly deletesAtMs: number;
  readonly progress: LeavingProgress;
  /** The text whose hash stands in the audit chain; absent before the end. */
  readonly certificate?: string;
};

/** What one unit of work came to. */
export type LeavingDone = {
  readonly isOver: boolean;
  readonly counts?: Partial<LeavingCounts>;
  readonly problem?: string;
  readonly waitsFor?: string;
};

/** What the work on one deletion reaches. */
export type LeavingPorts = {
  /** The units of a step, as of now. */
  units(step: LeavingStep): readonly string[];
  /** Does a bounded piece of a unit. Throws when what it needs does not answer. */
  work(step: LeavingStep, unit: string, progress: LeavingProgress): Promise<LeavingDone>;
  /** Writes progress down; durable before the next unit begins. */
  save(progress: LeavingProgress): void;
  now(): number;
  isOver(): boolean;
};

const NO_COUNTS: LeavingCounts = { objects: 0, files: 0, bytes: 0, versions: 0 };

/** Work that could not go on is tried again after this. */
const RETRY_MS = 5_000;

/** A bucket that does not answer, or refuses, is asked again after this. */
const BUCKET_RETRY_MS = 60_000;

/** What is asked for at `nowMs`. */
export function newLeaving(
  id: ChildId<"job">,
  subject: LeavingSubject,
  at: { readonly nowMs: number; readonly deletesAtMs: number },
): Leaving {
  const [step] = stepsOf(subject);
  return {
    id,
    subject,
    state: "grace",
    askedAtMs: at.nowMs,
    deletesAtMs: at.deletesAtMs,
    progress: { step, finished: [], counts: NO_COUNTS, problems: [] },
  };
}

/** Whether what is asked for there is a workspace. */
export function isWorkspaceLeaving(subject: LeavingSubject): subject is WorkspaceId {
  return subject.startsWith("ws_");
}

/** The state in which work goes on; until then it is the one that is held. */
export function stateOf({ step }: LeavingProgress): LeavingState {
  if (step === "turn" || step === "sources") return "waiting";
  return step === "done" ? "done" : "erasing";
}

/** In how many milliseconds there is work; `undefined` once there never is again. */
export function leavingDelayMs(
  { state, deletesAtMs, progress }: Leaving,
  nowMs: number,
  lateMs: number,
): number | undefined {
  if (state === "done") return undefined;
  if (state === "grace") return Math.max(0, deletesAtMs - nowMs);
  const { step, waitsFor } = progress;
  const isAtBuckets = step === "files" || step === "late";
  const againMs = isAtBuckets && waitsFor !== undefined ? BUCKET_RETRY_MS : RETRY_MS;
  return step === "late" ? Math.max(againMs, lateAtMs(progress, lateMs) - nowMs) : againMs;
}

/** From when on no PUT of an emptied object can land any more. */
export function lateAtMs({ closedAtMs = 0 }: LeavingProgress, lateMs: number): number {
  return closedAtMs + lateMs;
}

/**
 * Goes on until the slice is over, every step is, or no unit that is left can be finished now. Units
 * that do not answer are left for the next time, and the others go on.
 */
export async function goOnLeaving(
  subject: LeavingSubject,
  from: LeavingProgress,
  ports: LeavingPorts,
): Promise<LeavingProgress> {
  const steps = stepsOf(subject);
  let progress = from;
  while (progress.step !== "done") {
    const { step } = progress;
    for (const unit of ports.units(step).filter((name) => !progress.finished.includes(name))) {
      if (ports.isOver()) return progress;
      progress = withDone(progress, unit, await worked(ports, step, unit, progress));
      ports.save(progress);
    }
    // Asked again, because a unit may have come to be while others were worked on.
    if (!ports.units(step).every((name) => progress.finished.includes(name))) return progress;
    progress = nextStep(progress, steps[steps.indexOf(step) + 1] ?? "done", ports.now());
    ports.save(progress);
  }
  return progress;
}

function stepsOf(subject: LeavingSubject): readonly [LeavingStep, ...LeavingStep[]] {
  return isWorkspaceLeaving(subject) ? WORKSPACE_STEPS : SOURCE_STEPS;
}

async function worked(
  ports: LeavingPorts,
  step: LeavingStep,
  unit: string,
  progress: LeavingProgress,
): Promise<LeavingDone> {
  try {
    return await ports.work(step, unit, progress);
  } catch {
    // The cause may quote what was read; what did not answer is asked again.
    return { isOver: false, waitsFor: "unavailable" };
  }
}

function withDone(progress: LeavingProgress, unit: string, done: LeavingDone): LeavingProgress {
  const { waitsFor: _waitsFor, ...rest } = progress;
  const { counts, problems } = progress;
  const add = (name: keyof LeavingCounts): number => counts[name] + (done.counts?.[name] ?? 0);
  const isNew = done.problem !== undefined && !problems.includes(done.problem);
  return {
    ...rest,
    finished: done.isOver ? [...progress.finished, unit] : progress.finished,
    counts: {
      objects: add("objects"),
      files: add("files"),
      bytes: add("bytes"),
      versions: add("versions"),
    },
    problems: isNew ? [...problems, done.problem] : problems,
    ...(done.waitsFor === undefined ? {} : { waitsFor: done.waitsFor }),
  };
}

function nextStep(
  progress: LeavingProgress,
  step: LeavingProgress["step"],
  nowMs: number,
): LeavingProgress {
  const { waitsFor: _waitsFor, ...rest } = progress;
  // After the archive, or the syncs, nothing is left that could write a file.
  const closed = step === "files" ? { closedAtMs: nowMs } : {};
  return { ...rest, ...closed, step, finished: [] };
}
