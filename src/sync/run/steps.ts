import { STEPS, type Step, type StepName, type SyncRun } from "./run.ts";

const PENDING: Step = {
  state: "pending",
  startedAtMs: undefined,
  endedAtMs: undefined,
  records: 0,
  bytes: 0,
};

/** The steps of a run that was not begun. */
export function newSteps(): Readonly<Record<StepName, Step>> {
  return { identify: PENDING, unload: PENDING, load: PENDING, report: PENDING };
}

/** The step, working; one that began before goes on. */
export function stepBegan(step: Step, nowMs: number): Step {
  if (step.state === "working") return step;
  return { ...step, state: "working", startedAtMs: step.startedAtMs ?? nowMs };
}

export function stepGrew(step: Step, records: number, bytes: number): Step {
  return { ...step, records: step.records + records, bytes: step.bytes + bytes };
}

/** The step, over: as completed, or as skipped when nothing was to do in it. */
export function stepEnded(step: Step, nowMs: number): Step {
  if (step.state === "pending") return { ...step, state: "skipped" };
  if (step.state !== "working") return step;
  return { ...step, state: "completed", endedAtMs: nowMs };
}

/**
 * The steps of a run that ends early: what was working failed, what was to come is skipped, but for
 * the report, which is written all the same unless it was its turn.
 */
export function stepsCutShort(run: SyncRun, nowMs: number, isReported: boolean): SyncRun["steps"] {
  const cut = (step: Step): Step =>
    step.state === "working"
      ? { ...step, state: "failed", endedAtMs: nowMs }
      : stepEnded(step, nowMs);
  const kept = (name: StepName): boolean => name === "report" && !isReported;
  return withSteps((name) => (kept(name) ? run.steps[name] : cut(run.steps[name])));
}

function withSteps(make: (name: StepName) => Step): SyncRun["steps"] {
  const [identify, unload, load, report] = STEPS.map(make);
  return {
    identify: identify ?? PENDING,
    unload: unload ?? PENDING,
    load: load ?? PENDING,
    report: report ?? PENDING,
  };
}
