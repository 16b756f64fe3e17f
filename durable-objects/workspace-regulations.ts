import type { RegulationId } from "../src/core/ids.ts";
import { inTime } from "../src/core/in-time.ts";
import { readStored } from "../src/core/stored-json.ts";
import { certificateOf } from "../src/regulation/certificate.ts";
import { goOn, newProgress, outcomeOf, type Progress } from "../src/regulation/progress.ts";
import { effectsOf, type Regulation } from "../src/regulation/regulation.ts";
import { regulationAlert, type Alert } from "../src/workspace/alerts.ts";
import { sha256Hex } from "../src/workspace/secrets.ts";
import type { Reach } from "./reach.ts";
import { RegulationUnits } from "./regulation-units.ts";
import { SubjectAccessWork } from "./subject-access-work.ts";
import type { WorkspaceAudit } from "./workspace-audit.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Of one regulation, between two units. */
const SLICE_MS_MAX = 20_000;

/** Of one alarm: well under the 15 minutes that it may take. */
const RUN_MS_MAX = 300_000;

/** Until an object has to have answered; it is asked again. */
const ANSWER_MS_MAX = 60_000;

/** When work that could not go on is tried again. */
export const REGULATION_RETRY_MS = 5_000;

/** The work of a Workspace on requests about users; every step of it can be repeated. */
export class WorkspaceRegulations {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;
  readonly #audit: Pick<WorkspaceAudit, "certifyDeletion">;
  readonly #accesses: SubjectAccessWork;
  #running: Promise<void> | undefined;
  /** Those that were begun anew while they were worked on; what the work has in memory is of before. */
  readonly #reopened = new Set<RegulationId>();

  constructor(turn: WorkspaceTurn, reach: Reach, audit: Pick<WorkspaceAudit, "certifyDeletion">) {
    this.#turn = turn;
    this.#reach = reach;
    this.#audit = audit;
    this.#accesses = new SubjectAccessWork(turn, reach);
  }

  /** In how many milliseconds there is work; `undefined` when there is none. */
  get delayMs(): number | undefined {
    if (!this.#turn.isCreated || this.#turn.isClosing) return undefined;
    if (this.#turn.regulations.open().length > 0) return REGULATION_RETRY_MS;
    return this.#accesses.delayMs(Date.now());
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
    const held = readStored<Partial<Progress>>(this.#turn.regulations.progress(regulation.id));
    return { ...newProgress(regulation.type), ...held };
  }

  /** An object says that it was set back to that deletion; whether there is something to repeat. */
  repeat(object: string, number: number): boolean {
    const reopened = this.#turn.restores.repeat(object, number, Date.now());
    for (const id of reopened) this.#reopened.add(id);
    return reopened.length > 0;
  }

  async #runSlice(): Promise<void> {
    // All that they are about is being removed, and what they reach would come to be anew.
    if (this.#turn.isClosing) return;
    const untilMs = Date.now() + RUN_MS_MAX;
    let isMoving = true;
    while (isMoving) {
      isMoving = false;
      for (const regulation of this.#turn.regulations.open()) {
        if (Date.now() >= untilMs || this.#turn.isClosing) return;
        // Each has a slice of its own, so that one whose objects do not answer delays no other for long.
        const sliceUntilMs = Date.now() + SLICE_MS_MAX;
        await this.#goOn(regulation, sliceUntilMs);
        // What was stopped by the end of its slice goes on after the others; all else is tried later.
        isMoving ||= Date.now() >= sliceUntilMs;
      }
    }
    if (this.#turn.isCreated && !this.#turn.isClosing) await this.#accesses.run();
  }

  async #goOn(regulation: Regulation, untilMs: number): Promise<void> {
    const { regulations } = this.#turn;
    const { id, type } = regulation;
    this.#reopened.delete(id);
    const from = this.progress(regulation);
    const units = new RegulationUnits(this.#turn, this.#reach, regulation, from.isAgain === true);
    const progress = await goOn(type, from, {
      units: (step) => units.of(step),
      work: (step, unit, note) => inTime(units.work(step, unit, note), ANSWER_MS_MAX),
      save: (saved) => {
        if (this.#reopened.has(id)) return;
        regulations.saveProgress(id, JSON.stringify(saved));
        this.#turn.restores.forget();
      },
      isOver: () => this.#reopened.has(id) || Date.now() >= untilMs,
    });
    if (progress.step !== "done" || this.#reopened.has(id)) return;
    // A suppression that it lifted is nowhere any more once it is over.
    await this.#turn.scrub();
    if (this.#reopened.has(id)) return;
    const nowMs = Date.now();
    this.#turn.transaction(() => {
      const isNew = effectsOf(type).deletion !== "none" && progress.certificate === undefined;
      if (isNew) this.#certify(regulation, progress, nowMs);
      regulations.finish(id, outcomeOf(progress), nowMs);
    });
    this.#turn.restores.forget();
  }

  /** What was done, in counts, hashes and ids of ours; the audit chain keeps its hash. */
  #certify(regulation: Regulation, progress: Progress, nowMs: number): void {
    const { id } = regulation;
    const linked = this.#turn.regulations.linkCount(id);
    const counts = regulation.linkedAnonymousIds
      ? { ...progress.counts, linkedAnonymousIds: linked }
      : progress.counts;
    const certificate = certificateOf(regulation, { ...progress, counts }, nowMs);
    const saved = JSON.stringify({ ...progress, counts, certificate });
    this.#turn.regulations.saveProgress(id, saved);
    this.#audit.certifyDeletion(id, sha256Hex(certificate), nowMs);
  }
}
