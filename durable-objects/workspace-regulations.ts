import type { SourceId } from "../src/core/ids.ts";
import { inTime } from "../src/core/in-time.ts";
import {
  goOn,
  newProgress,
  outcomeOf,
  type Progress,
  type Step,
  type UnitResult,
} from "../src/regulation/progress.ts";
import type { Regulation } from "../src/regulation/regulation.ts";
import { regulationAlert, type Alert } from "../src/workspace/alerts.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Of one alarm, between two units: well under what an alarm may take. */
const SLICE_MS_MAX = 20_000;

/** Until an object has to have answered; it is asked again. */
const ANSWER_MS_MAX = 60_000;

/** When work that could not go on is tried again. */
export const REGULATION_RETRY_MS = 5_000;

/** The work of a Workspace on requests about users; every step of it can be repeated. */
export class WorkspaceRegulations {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;
  #running: Promise<void> | undefined;

  constructor(turn: WorkspaceTurn, reach: Reach) {
    this.#turn = turn;
    this.#reach = reach;
  }

  /** In how many milliseconds there is work; `undefined` when there is none. */
  get delayMs(): number | undefined {
    return this.#turn.isCreated && this.#turn.regulations.open().length > 0
      ? REGULATION_RETRY_MS
      : undefined;
  }

  alerts(nowMs: number): readonly Alert[] {
    const alert = regulationAlert(this.#turn.regulations.open(), nowMs);
    return alert === undefined ? [] : [alert];
  }

  /** Goes on with every request that is not over, oldest first. Never throws. */
  async run(): Promise<void> {
    this.#running ??= this.#runSlice().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  progress(regulation: Pick<Regulation, "id" | "type">): Progress {
    const held = JSON.parse(this.#turn.regulations.progress(regulation.id)) as Partial<Progress>;
    return { ...newProgress(regulation.type), ...held };
  }

  async #runSlice(): Promise<void> {
    const untilMs = Date.now() + SLICE_MS_MAX;
    for (const regulation of this.#turn.regulations.open()) {
      if (Date.now() >= untilMs) return;
      await this.#goOn(regulation, untilMs);
    }
  }

  async #goOn(regulation: Regulation, untilMs: number): Promise<void> {
    const { regulations } = this.#turn;
    const { id, type } = regulation;
    const version = regulations.version();
    const progress = await goOn(type, this.progress(regulation), {
      units: (step) => this.#units(step, regulation),
      work: (step, unit) => this.#work(step, unit, version),
      save: (saved) => regulations.saveProgress(id, JSON.stringify(saved)),
      isOver: () => Date.now() >= untilMs,
    });
    if (progress.step !== "done") return;
    this.#turn.transaction(() => regulations.finish(id, outcomeOf(progress), Date.now()));
  }

  #units(step: Step, { sourceId }: Regulation): readonly string[] {
    const sources = sourceId === undefined ? this.#turn.tables.sourceIds() : [sourceId];
    switch (step) {
      case "suppress":
        return sources.flatMap((id) =>
          this.#turn.tables.queues(id).map((ref) => queueUnit(id, ref)),
        );
      case "settle":
      case "archive":
      case "lanes":
      case "destinations":
      case "verify":
        throw new Error(`Cannot work on a regulation: ${step} is not built`);
    }
  }

  async #work(_step: Step, unit: string, version: number): Promise<UnitResult> {
    const { sourceId, ref } = readQueueUnit(unit);
    const queue = this.#reach.queue(sourceId, ref);
    return { isOver: await inTime(queue.suppress(version), ANSWER_MS_MAX) };
  }
}

function queueUnit(sourceId: SourceId, { ingestRegion, shard }: QueueRef): string {
  return `${sourceId}:${ingestRegion}:${shard}`;
}

function readQueueUnit(unit: string): { readonly sourceId: SourceId; readonly ref: QueueRef } {
  const [sourceId, ingestRegion, shard] = unit.split(":");
  return {
    sourceId: sourceId as SourceId,
    ref: { ingestRegion: ingestRegion as QueueRef["ingestRegion"], shard: Number(shard) },
  };
}
