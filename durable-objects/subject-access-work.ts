import type { WalkPosition } from "../src/archive/walk-files.ts";
import type { SourceId } from "../src/core/ids.ts";
import { inTime } from "../src/core/in-time.ts";
import { readStored } from "../src/core/stored-json.ts";
import { formatName, parseName } from "../src/region/object-names.ts";
import { goOn, type Step, type UnitResult } from "../src/regulation/progress.ts";
import { SUBJECT_ACCESS } from "../src/regulation/regulation.ts";
import { expiresAtMs, type SubjectAccess } from "../src/regulation/subject-access.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Of one request, between two units. */
const SLICE_MS_MAX = 20_000;
/** Until an object has to have answered; it is asked again. */
const ANSWER_MS_MAX = 60_000;
/** When work that could not go on is tried again. */
const RETRY_MS = 5_000;

/**
 * The work of a Workspace on requests to see users' events. Each goes the way of a deletion as far as
 * that copies instead of erasing: queues write what they took, then archives are gone through.
 */
export class SubjectAccessWork {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;

  constructor(turn: WorkspaceTurn, reach: Reach) {
    this.#turn = turn;
    this.#reach = reach;
  }

  /** In how many milliseconds there is work; `undefined` when there is none. */
  delayMs(nowMs: number): number | undefined {
    const delays = this.#turn.accesses.all().map((access) => {
      const expiryMs = expiresAtMs(access);
      return expiryMs === undefined ? RETRY_MS : Math.max(RETRY_MS, expiryMs - nowMs);
    });
    return delays.length === 0 ? undefined : Math.min(...delays);
  }

  /** Goes on with every request, and removes what has expired. What does not answer is asked again. */
  async run(): Promise<void> {
    for (const access of this.#turn.accesses.all()) {
      const expiryMs = expiresAtMs(access);
      if (expiryMs === undefined) await this.#goOn(access);
      else if (expiryMs <= Date.now()) await this.#expire(access);
    }
  }

  async #goOn(access: SubjectAccess): Promise<void> {
    const { accesses } = this.#turn;
    const untilMs = Date.now() + SLICE_MS_MAX;
    let kept = access;
    const progress = await goOn(SUBJECT_ACCESS, access.progress, {
      units: (step) => this.#units(step, access),
      work: (step, unit, note) => inTime(this.#work(step, unit, note, access), ANSWER_MS_MAX),
      save: (saved) => {
        kept = { ...kept, status: "RUNNING", progress: saved };
        accesses.save(kept);
      },
      isOver: () => Date.now() >= untilMs,
    });
    if (progress.step !== "done") return;
    accesses.save({ ...kept, status: "FINISHED", finishedAtMs: Date.now() });
  }

  async #expire(access: SubjectAccess): Promise<void> {
    try {
      for (const sourceId of this.#sources(access)) {
        await this.#reach.archive(sourceId).dropExport(access.id);
      }
    } catch {
      // A bucket does not answer: the row stays, so that it is tried again.
      return;
    }
    this.#turn.transaction(() => {
      this.#turn.soil();
      this.#turn.accesses.remove(access.id);
    });
    await this.#turn.scrub();
  }

  #units(step: Step, access: SubjectAccess): readonly string[] {
    const sources = this.#sources(access);
    if (step === "export") return sources;
    return sources.flatMap((sourceId) =>
      this.#turn.tables
        .queues(sourceId)
        .map((ref) => formatName({ kind: "queue", sourceId, ...ref })),
    );
  }

  async #work(
    step: Step,
    unit: string,
    note: string | undefined,
    access: SubjectAccess,
  ): Promise<UnitResult> {
    if (step === "export") return this.#export(unit as SourceId, note, access);
    const name = parseName(unit);
    if (name?.kind !== "queue") throw new Error("Cannot export: the unit names no queue");
    const { sourceId, ingestRegion, shard } = name;
    const asked = note === undefined ? undefined : Number(note);
    const queue = this.#reach.queue(sourceId, { ingestRegion, shard });
    const { throughSeq, isSettled } = await queue.settle(asked);
    return { isOver: isSettled, note: String(throughSeq) };
  }

  async #export(
    sourceId: SourceId,
    note: string | undefined,
    { id, subjectType, subjectIds }: SubjectAccess,
  ): Promise<UnitResult> {
    const source = this.#turn.tables.source(sourceId);
    if (source === undefined) return { isOver: true };
    const archive = this.#reach.archive(sourceId);
    const answer = await archive.exportEvents({
      regulationId: id,
      subjectType,
      subjectIds,
      fingerprintKey: source.fingerprintKey,
      ...(note === undefined ? {} : { position: readStored<WalkPosition>(note) }),
    });
    if (answer.kind !== "slice") return { isOver: false, ...(note === undefined ? {} : { note }) };
    const { isOver, position, file, counts, failure } = answer.slice;
    if (isOver) await archive.leaveJob(id);
    return {
      isOver,
      ...(position === undefined ? {} : { note: JSON.stringify(position) }),
      ...(failure === undefined ? { isMoving: true } : {}),
      ...(file === undefined ? {} : { exported: file }),
      counts,
    };
  }

  #sources({ sourceId }: SubjectAccess): readonly SourceId[] {
    return sourceId === undefined ? this.#turn.tables.sourceIds() : [sourceId];
  }
}
