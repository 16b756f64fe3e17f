import {
  effectsOf,
  type PartStatus,
  type RegulationStatus,
  type RegulationType,
  SUBJECT_ACCESS,
} from "./regulation.ts";

/**
 * What a regulation goes through, in this order.
 * - `suppress`: every queue and lane that ever existed confirms that it serves by the new suppressions.
 * - `settle`: every queue archives what it had taken by then, and drops it from its log.
 * - `link`: where asked for, files are read for the anonymous ids beside its users.
 * - `export`: of a request for access, events of its users are copied out of the files.
 * - `archive`: files that can hold one of the users are rewritten without them.
 * - `lanes`: what waits for destinations, and dead letters, are rewritten.
 * - `stores`: what else holds users' data does the same; see `ErasableStore`.
 * - `destinations`: those that can forget a user are asked to.
 * - `verify`: files and stores are gone through once more; no file may have a second copy anywhere.
 * - `scrub`: what months and replays gave free is overwritten; queues and lanes did it before.
 */
export const STEPS = [
  "suppress",
  "settle",
  "link",
  "export",
  "archive",
  "lanes",
  "stores",
  "destinations",
  "verify",
  "scrub",
] as const;
export type Step = (typeof STEPS)[number];

/** How far a regulation is. Written down after each unit of work, so that a kill repeats one at most. */
export type Progress = {
  /** `done` once every step is over. */
  readonly step: Step | "done";
  /** Units of the present step that are over: names of objects, ids of sources and destinations. */
  readonly finished: readonly string[];
  /** What a unit wrote down to go on from; by its name. */
  readonly notes: Readonly<Record<string, string>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly parts: readonly PartStatus[];
  /** What was done to the files of each source, by its id: totals, each file counted once. */
  readonly archives?: Readonly<Record<string, ArchiveTotals>>;
  /** Files of a request for access. */
  readonly exported?: readonly ExportedFile[];
  /** The text of a deletion's certificate, whose hash stands in the audit chain; absent before. */
  readonly certificate?: string;
  /** It was done before, and an object or the workspace was set back to an earlier time since. */
  readonly isAgain?: boolean;
};

/** A file with events of the users whom a request for access names. */
export type ExportedFile = {
  readonly key: string;
  readonly location: string;
  readonly events: number;
  readonly gzipBytes: number;
};

/** What a regulation did to the archive files of one source. */
export type ArchiveTotals = {
  readonly filesRewritten: number;
  readonly eventsErased: number;
  /** Over the key of each file and the hashes of its content before and after. */
  readonly filesSha256: string;
};

/** What one unit of work came to. */
export type UnitResult = {
  readonly isOver: boolean;
  /** What to go on from, when it is not over. */
  readonly note?: string;
  /** It got further than before, so that it is gone on with at once. */
  readonly isMoving?: true;
  /** Added to the counts of the regulation. */
  readonly counts?: Readonly<Record<string, number>>;
  /** In the place of what was known of the unit's archive files. */
  readonly archive?: ArchiveTotals;
  /** Added to the files of the request. */
  readonly exported?: ExportedFile;
  /** How the unit stands, where it is shown. */
  readonly part?: PartStatus;
};

/** What the work on one regulation reaches. */
export type StepPorts = {
  /** The units of a step, as of now. */
  units(step: Step): readonly string[];
  /** Does a bounded piece of a unit. Throws when what it needs does not answer. */
  work(step: Step, unit: string, note: string | undefined): Promise<UnitResult>;
  /** Writes progress down; durable before the next unit begins. */
  save(progress: Progress): void;
  /** Whether this slice of work is over. */
  isOver(): boolean;
};

export function stepsOf(type: RegulationType): readonly Step[] {
  const { suppression, deletion } = effectsOf(type);
  if (type === SUBJECT_ACCESS) return ["settle", "export"];
  return STEPS.filter((step) => {
    if (step === "export") return false;
    if (step === "suppress") return suppression !== "none";
    if (step === "lanes" || step === "stores") return deletion === "internal" || deletion === "all";
    if (step === "destinations") return deletion === "all";
    return deletion !== "none";
  });
}

/** Where a regulation begins. */
export function newProgress(type: RegulationType): Progress {
  const [step = "done"] = stepsOf(type);
  return { step, finished: [], notes: {}, counts: {}, parts: [] };
}

/**
 * Goes on until the slice is over, every step is, or no unit that is left can be finished now. Units
 * that do not answer are left for the next time, and the others go on.
 */
export async function goOn(
  type: RegulationType,
  from: Progress,
  ports: StepPorts,
): Promise<Progress> {
  const steps = stepsOf(type);
  let progress = from;
  while (progress.step !== "done") {
    const { step } = progress;
    for (const unit of ports.units(step).filter((name) => !progress.finished.includes(name))) {
      progress = await workOn(unit, progress, ports);
      if (ports.isOver()) return progress;
    }
    // Asked again, because a unit may have come to be while others were worked on.
    if (!ports.units(step).every((name) => progress.finished.includes(name))) return progress;
    const next = steps[steps.indexOf(step) + 1] ?? "done";
    progress = { ...progress, step: next, finished: [], notes: {} };
    ports.save(progress);
  }
  return progress;
}

/** Goes on with one unit for as long as it gets further. */
async function workOn(unit: string, from: Progress, ports: StepPorts): Promise<Progress> {
  let progress = from;
  for (;;) {
    if (ports.isOver() || progress.step === "done") return progress;
    const result = await worked(ports, progress.step, unit, progress.notes[unit]);
    if (result === undefined) return progress;
    progress = withResult(progress, unit, result);
    ports.save(progress);
    if (result.isOver || result.isMoving !== true) return progress;
  }
}

/** Destinations that are stores of the data map. One that was deleted cannot be reached any more. */
const STORES: ReadonlySet<string> = new Set(["data-lake", "s3-copy", "postgres"]);

/** Whether the destinations of that slug are stores of the data map. */
export function isStore(slug: string): boolean {
  return STORES.has(slug);
}

/**
 * What a regulation whose steps are over comes to. A vendor that has no way to forget is no failure,
 * but FINISHED is never said while a store of the data map may still hold the user.
 */
export function outcomeOf({ parts }: Progress): RegulationStatus {
  const isLeft = parts.some(
    ({ status, name }) => status === "FAILED" || (status === "NOT_SUPPORTED" && STORES.has(name)),
  );
  return isLeft ? "PARTIAL_SUCCESS" : "FINISHED";
}

async function worked(
  ports: StepPorts,
  step: Step,
  unit: string,
  note: string | undefined,
): Promise<UnitResult | undefined> {
  try {
    return await ports.work(step, unit, note);
  } catch {
    // The cause may quote what was read; what did not answer is asked again.
    return undefined;
  }
}

function withResult(progress: Progress, unit: string, result: UnitResult): Progress {
  const { isOver, note, counts = {}, archive, exported, part } = result;
  const sums = { ...progress.counts };
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  const { [unit]: _done, ...notes } = progress.notes;
  return {
    ...progress,
    finished: isOver ? [...progress.finished, unit] : progress.finished,
    notes: note === undefined ? notes : { ...notes, [unit]: note },
    counts: sums,
    ...(exported === undefined ? {} : { exported: [...(progress.exported ?? []), exported] }),
    ...(archive === undefined ? {} : { archives: { ...progress.archives, [unit]: archive } }),
    parts:
      part === undefined
        ? progress.parts
        : [...progress.parts.filter(({ id }) => id !== part.id), part],
  };
}
