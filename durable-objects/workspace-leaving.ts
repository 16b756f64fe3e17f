import { newChildId } from "../src/core/ids.ts";
import { inTime } from "../src/core/in-time.ts";
import { readStored } from "../src/core/stored-json.ts";
import {
  certifySource,
  certifyWorkspace,
  type SourceCertificate,
} from "../src/workspace/leaving-certificate.ts";
import {
  goOnLeaving,
  isClosing,
  isWorkspaceLeaving,
  leavingDelayMs,
  newLeaving,
  stateOf,
  type Leaving,
  type LeavingProgress,
} from "../src/workspace/leaving.ts";
import { sha256Hex } from "../src/workspace/secrets.ts";
import { LeavingUnits } from "./leaving-units.ts";
import type { Reach } from "./reach.ts";
import { setTombstone } from "./storage/tombstone.ts";
import { emptyObject } from "./emptying.ts";
import type { WorkspaceAudit } from "./workspace-audit.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

export type WorkspaceLeavingDeps = {
  readonly ctx: DurableObjectState;
  readonly turn: WorkspaceTurn;
  readonly reach: Reach;
  readonly audit: WorkspaceAudit;
  readonly evidence: WorkspaceEvidence;
};

/** Of one deletion, between two units. */
const SLICE_MS_MAX = 20_000;

/** Of one alarm: well under the 15 minutes that it may take. */
const RUN_MS_MAX = 300_000;

/** Until an object has to have answered; it is asked again. */
const ANSWER_MS_MAX = 60_000;

/** Who acts once the grace is over. */
const ACTOR = "archive";

/** The work of a Workspace on what is to be deleted: its sources, or all of it. */
export class WorkspaceLeaving {
  readonly #deps: WorkspaceLeavingDeps;
  #running: Promise<void> | undefined;

  constructor(deps: WorkspaceLeavingDeps) {
    this.#deps = deps;
  }

  /** In how many milliseconds there is work; `undefined` when there is none. */
  delayMs(nowMs: number): number | undefined {
    const { turn } = this.#deps;
    if (!turn.isCreated) return undefined;
    const { suspectMs } = turn.config.failover;
    const delays = turn.leavings
      .open()
      .map((leaving) => leavingDelayMs(leaving, nowMs, suspectMs))
      .filter((delay) => delay !== undefined);
    return delays.length === 0 ? undefined : Math.min(...delays);
  }

  /** Whether the workspace's own deletion has begun, so that nothing may be written any more. */
  get isErasing(): boolean {
    const { turn } = this.#deps;
    const state = turn.isCreated ? turn.leavings.find(turn.id)?.state : undefined;
    return state !== undefined && state !== "grace";
  }

  /** Whether objects of that source are emptied, or being so. */
  isGone(subject: string): boolean {
    const { turn } = this.#deps;
    return turn.isCreated ? isClosing(turn.leavings.find(subject)?.state) : turn.isDeparted;
  }

  /** Goes on with every deletion whose time has come. Never throws. */
  async run(): Promise<void> {
    this.#running ??= this.#runSlice()
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
  }

  /**
   * The directory has forgotten the workspace: removes what is left. True once nothing is left but the
   * mark that nothing may come again; false when the workspace was never to be deleted.
   */
  async depart(): Promise<boolean> {
    const { ctx, turn } = this.#deps;
    if (turn.isCreated) {
      if (turn.leavings.find(turn.id)?.certificate === undefined) return false;
      await emptyObject(ctx);
    }
    setTombstone(ctx.storage.sql, Date.now());
    await ctx.storage.sync();
    return true;
  }

  async #runSlice(): Promise<void> {
    const { turn } = this.#deps;
    if (!turn.isCreated) return;
    const untilMs = Date.now() + RUN_MS_MAX;
    for (const { subject } of turn.leavings.open()) {
      if (Date.now() >= untilMs) return;
      const leaving = turn.leavings.find(subject);
      const isDue = leaving !== undefined && leaving.deletesAtMs <= Date.now();
      if (isDue) await this.#goOn(leaving);
    }
  }

  async #goOn(leaving: Leaving): Promise<void> {
    const { ctx, turn, reach, evidence } = this.#deps;
    const { subject } = leaving;
    if (isWorkspaceLeaving(subject)) this.#hastenSources();
    const untilMs = Date.now() + SLICE_MS_MAX;
    const isOver = (): boolean => Date.now() >= untilMs;
    const { observer } = evidence.own;
    const units = new LeavingUnits(
      { turn, sql: ctx.storage.sql, reach, observer, isOver },
      leaving,
    );
    // Before the first object is emptied, so that none of them begins anew.
    this.#save(leaving, leaving.progress);
    const progress = await goOnLeaving(subject, leaving.progress, {
      units: (step) => units.of(step),
      work: (step, unit, held) => inTime(units.work(step, unit, held), ANSWER_MS_MAX),
      save: (saved) => this.#save(leaving, saved),
      now: () => Date.now(),
      isOver,
    });
    if (progress.step !== "done") return;
    const finished = { ...leaving, progress };
    if (isWorkspaceLeaving(subject)) await this.#finishWorkspace(finished);
    else await this.#finishSource(finished);
  }

  #save({ subject }: Leaving, progress: LeavingProgress): void {
    // It is done only together with its certificate.
    const state = progress.step === "done" ? "erasing" : stateOf(progress);
    this.#deps.turn.leavings.save(subject, state, progress);
  }

  /** What waits for its grace waits no longer, and what was to stay goes as well. */
  #hastenSources(): void {
    const { turn } = this.#deps;
    const nowMs = Date.now();
    turn.transaction(() => {
      for (const id of turn.tables.sourceIds()) {
        const at = { nowMs, deletesAtMs: nowMs };
        if (turn.leavings.find(id) !== undefined) turn.leavings.hasten(id, nowMs);
        else turn.leavings.add(newLeaving(newChildId("job", turn.id, turn.random), id, at));
      }
    });
  }

  async #finishSource(leaving: Leaving): Promise<void> {
    const { turn } = this.#deps;
    const { subject, progress } = leaving;
    const nowMs = Date.now();
    turn.transaction(() => {
      turn.soil();
      const certificate = certifySource(leaving, turn.tables.source(subject), nowMs);
      turn.leavings.forgetSource(subject);
      turn.leavings.certify(subject, certificate);
      turn.leavings.save(subject, "done", progress);
      const by = { actor: ACTOR, nowMs };
      turn.note(by, "source.erase", subject, [`sha256:${sha256Hex(certificate)}`]);
    });
    // What is left of its users' ids in free pages goes as well, at once unless all of it goes soon.
    if (!this.isErasing) await turn.scrub();
  }

  /** The directory has the certificate first: afterwards nobody else could show it. */
  async #finishWorkspace(leaving: Leaving): Promise<void> {
    const { turn, reach } = this.#deps;
    const nowMs = Date.now();
    const certificate = leaving.certificate ?? this.#certifyWorkspace(leaving, nowMs);
    turn.leavings.certify(turn.id, certificate);
    const departure = { id: turn.id, departedAtMs: nowMs, certificate };
    await reach.directoryAdmin(turn.home).forget(departure);
    await this.depart();
  }

  #certifyWorkspace(leaving: Leaving, nowMs: number): string {
    const { turn, audit } = this.#deps;
    const certificates = turn.leavings
      .done()
      .flatMap(({ subject, certificate }) =>
        certificate === undefined ? [] : [{ subject, certificate }],
      );
    const left = certificates.map(
      ({ certificate }) => readStored<SourceCertificate>(certificate).ownBucketsLeftAlone.length,
    );
    const of = {
      sources: certificates.map(({ subject, certificate }) => ({
        subject,
        sha256: sha256Hex(certificate),
      })),
      ownBucketsLeftAlone: left.reduce((sum, count) => sum + count, 0),
      auditHead: audit.lastAt(nowMs),
    };
    return certifyWorkspace(leaving, of, nowMs);
  }
}
