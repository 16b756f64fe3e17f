import { fenceRetryMs } from "../src/workspace/route.ts";
import type { WorkspaceAudit } from "./workspace-audit.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { WorkspaceNotices } from "./workspace-notices.ts";
import type { WorkspaceLeaving } from "./workspace-leaving.ts";
import type { WorkspaceQueues } from "./workspace-queues.ts";
import type { WorkspaceRegulations } from "./workspace-regulations.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** An alarm that should have rung that long ago is not counted on. */
const OVERDUE_MS = 60_000;

/**
 * The alarm of a Workspace: set while a source's route waits for fences, a head of the audit chain
 * that cron asked for waits for its file, a regulation is not over, something is to be deleted, a notice of an alert waits to be
 * sent, or evidence of that to be written. It is always derived from what is held.
 */
export class WorkspaceAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #turn: WorkspaceTurn;
  readonly #queues: WorkspaceQueues;
  readonly #audit: WorkspaceAudit;
  readonly #evidence: WorkspaceEvidence;
  readonly #regulations: WorkspaceRegulations;
  readonly #leaving: WorkspaceLeaving;
  readonly #notices: WorkspaceNotices;

  constructor(
    storage: DurableObjectStorage,
    turn: WorkspaceTurn,
    parts: {
      readonly queues: WorkspaceQueues;
      readonly audit: WorkspaceAudit;
      readonly evidence: WorkspaceEvidence;
      readonly regulations: WorkspaceRegulations;
      readonly leaving: WorkspaceLeaving;
      readonly notices: WorkspaceNotices;
    },
  ) {
    this.#storage = storage;
    this.#turn = turn;
    this.#queues = parts.queues;
    this.#audit = parts.audit;
    this.#evidence = parts.evidence;
    this.#regulations = parts.regulations;
    this.#leaving = parts.leaving;
    this.#notices = parts.notices;
  }

  /** What is done when it goes off. */
  async run(): Promise<void> {
    if (!this.#turn.isCreated) return;
    // A workspace that is being deleted writes no more files.
    const heads = this.#leaving.isErasing
      ? undefined
      : this.#audit.writeDue(Date.now()).catch(() => undefined);
    await this.fence();
    await heads;
    await this.#regulations.run().catch(() => undefined);
    await this.#notices.run().catch(() => undefined);
    await this.#evidence.own.run().catch(() => undefined);
    await this.#leaving.run();
    // All of it may be gone now.
    if (this.#turn.isCreated) await this.arm();
  }

  /** Continues every fencing. The alarm is set first, so that a crash cannot lose it. */
  async fence(): Promise<void> {
    await this.arm();
    await this.#queues.fenceAll().catch(() => undefined);
  }

  /** Sets it for whatever is due first, if anything is. */
  async arm(): Promise<void> {
    const nowMs = Date.now();
    const fences = this.#turn.tables
      .sourcesFencing()
      .map((source) => fenceRetryMs(source.route, nowMs));
    const evidenceAtMs = this.#evidence.own.dueAtMs;
    const others = [
      this.#leaving.isErasing ? undefined : this.#audit.delayMs(nowMs),
      this.#regulations.delayMs,
      this.#leaving.delayMs(nowMs),
      this.#notices.delayMs(nowMs),
      evidenceAtMs === undefined ? undefined : Math.max(0, evidenceAtMs - nowMs),
    ];
    const delays = [...fences, ...others.filter((delay) => delay !== undefined)];
    if (delays.length === 0) return;
    const atMs = nowMs + Math.min(...delays);
    const heldMs = await this.#storage.getAlarm();
    const isHeld = heldMs !== null && heldMs <= atMs && heldMs > nowMs - OVERDUE_MS;
    // Never put off: who calls again and again would keep it from ringing at all.
    if (!isHeld) await this.#storage.setAlarm(atMs);
  }
}
