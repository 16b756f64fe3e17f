/**
 * Who may work on a source's archive now. Jobs that change files, or that must not see them change
 * (deletion, replay, retention, rebuild, leaving, export), enter one queue at the source's `Archive` and one
 * of them at a time has its turn; the others wait and know for whom.
 *
 * How a job takes part, wherever it runs:
 * - `archive.enterJob({ id, kind })` before it touches the first file, and again before each further
 *   one. The answer is `running`, or `waiting` with the job it waits for; asking again changes
 *   nothing, so a job may ask after every restart and from every alarm.
 * - A replay that asks between two files gives its turn to a deletion or an export that waits, and is answered
 *   `waiting`; it keeps its place and goes on after it. So nobody may ask with a file in hand.
 * - `archive.leaveJob(id)` once it is done, failed, cancelled, or paused by a person. Harmless twice.
 * - The next job is woken by the Archive where it can be; every job also asks by an alarm of its own.
 */
export const JOB_KINDS = [
  "deletion",
  "replay",
  "retention",
  "rebuild",
  "leaving",
  "export",
] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** A job by its id: `rpl_…`, `reg_…`, `job_…`. */
export type JobRef = { readonly id: string; readonly kind: JobKind };

/** A job in the queue; the first in the list entered first. At most one is running. */
export type QueuedJob = JobRef & {
  readonly state: "running" | "waiting";
  readonly enteredAtMs: number;
};

/** What a job is told when it asks. */
export type JobTurn =
  | { readonly kind: "running" }
  | { readonly kind: "waiting"; readonly waitsFor: JobRef };

/** The queue after `job` asked for its turn. */
export function enterQueue(
  queue: readonly QueuedJob[],
  job: JobRef,
  nowMs: number,
): readonly QueuedJob[] {
  const held = queue.find(({ id }) => id === job.id);
  if (held === undefined) {
    const { id, kind } = job;
    return giveTurn([...queue, { id, kind, state: "waiting", enteredAtMs: nowMs }]);
  }
  if (held.state !== "running" || !yieldsTo(held, queue)) return giveTurn(queue);
  return giveTurn(queue.map((each) => (each === held ? { ...each, state: "waiting" } : each)));
}

/** The queue without that job. */
export function leaveQueue(queue: readonly QueuedJob[], jobId: string): readonly QueuedJob[] {
  return giveTurn(queue.filter(({ id }) => id !== jobId));
}

/** The job that has its turn. */
export function runningJob(queue: readonly QueuedJob[]): QueuedJob | undefined {
  return queue.find(({ state }) => state === "running");
}

/**
 * How a job of the queue stands.
 *
 * @throws Error when it is not in the queue, which is a bug of the caller.
 */
export function turnOf(queue: readonly QueuedJob[], jobId: string): JobTurn {
  const job = queue.find(({ id }) => id === jobId);
  const running = runningJob(queue);
  if (job === undefined || running === undefined) {
    throw new Error("Cannot tell whose turn it is: the job did not enter the queue");
  }
  if (job.state === "running") return { kind: "running" };
  return { kind: "waiting", waitsFor: { id: running.id, kind: running.kind } };
}

function giveTurn(queue: readonly QueuedJob[]): readonly QueuedJob[] {
  if (runningJob(queue) !== undefined) return queue;
  const next = nextOf(queue);
  return queue.map((job) => (job === next ? { ...job, state: "running" } : job));
}

/** The first, unless it is a replay and somebody waits to be forgotten, or to see their events. */
function nextOf(queue: readonly QueuedJob[]): QueuedJob | undefined {
  const [first] = queue;
  if (first?.kind !== "replay") return first;
  return queue.find(isUrgent) ?? first;
}

function yieldsTo(job: JobRef, queue: readonly QueuedJob[]): boolean {
  return job.kind === "replay" && queue.some(isUrgent);
}

/** A replay may take days at the pace of its destination; these are over in minutes. */
function isUrgent({ kind }: JobRef): boolean {
  return kind === "deletion" || kind === "export";
}
