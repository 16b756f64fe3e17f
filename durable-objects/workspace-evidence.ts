import { ok } from "../src/core/result.ts";
import {
  EVIDENCE_DAYS_MAX,
  type EdgeEvidence,
  type EvidenceRange,
  type EvidenceReport,
  type EvidenceView,
} from "../src/egress/evidence.ts";
import type { Standing } from "../src/region/placement.ts";
import { ALERT_LOOK_BACK_MS, edgeAlert, egressAlert, type Alert } from "../src/workspace/alerts.ts";
import type { Answer } from "../src/workspace/ports.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { EvidenceTables } from "./storage/evidence-tables.ts";

const DAY_MS = 86_400_000;

/** Who counted what no object of ours could: the Workers, which refuse before any object is asked. */
const WORKERS = "workers";

/** What a Workspace was told of its objects. Each call runs inside a transaction of the caller's. */
export class WorkspaceEvidence {
  readonly #storage: DurableObjectStorage;
  readonly #standing: Standing;
  readonly #tables: EvidenceTables;
  #own: EvidenceKeeper | undefined;
  #prunedAtMs = 0;

  constructor(storage: DurableObjectStorage, standing: Standing) {
    this.#storage = storage;
    this.#standing = standing;
    this.#tables = new EvidenceTables(storage.sql);
  }

  /** The evidence of this object itself, once the workspace is created and has tables. */
  get own(): EvidenceKeeper {
    this.#own ??= new EvidenceKeeper({
      storage: this.#storage,
      standing: this.#standing,
      push: async (report) => this.#storage.transactionSync(() => this.take(report)),
      now: () => Date.now(),
    });
    return this.#own;
  }

  take(report: EvidenceReport): void {
    this.#tables.take(report);
  }

  addEdges(counts: readonly EdgeEvidence[]): void {
    this.#tables.addEdges(WORKERS, counts);
  }

  view(range: EvidenceRange): Answer<EvidenceView> {
    return ok(this.#tables.view(range));
  }

  /** What is wrong now, as far as evidence shows it. */
  alerts(nowMs: number): readonly Alert[] {
    const range = { fromMs: nowMs - ALERT_LOOK_BACK_MS, toMs: Number.MAX_SAFE_INTEGER };
    return [
      edgeAlert(this.#tables.edges(range), nowMs) ?? [],
      egressAlert(this.#tables.refusals(range), nowMs) ?? [],
    ].flat();
  }

  /** Drops what is older than evidence is kept; looks once a day, since few rows ever are. */
  prune(nowMs: number): void {
    if (nowMs - this.#prunedAtMs < DAY_MS) return;
    this.#prunedAtMs = nowMs;
    this.#tables.prune(nowMs - EVIDENCE_DAYS_MAX * DAY_MS);
  }
}
