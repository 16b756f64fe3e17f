import { ok } from "../src/core/result.ts";
import {
  EVIDENCE_DAYS_MAX,
  type EdgeEvidence,
  type EvidenceRange,
  type EvidenceReport,
  type EvidenceView,
} from "../src/egress/evidence.ts";
import { ALERT_LOOK_BACK_MS, edgeAlert, type Alert } from "../src/workspace/alerts.ts";
import type { Answer } from "../src/workspace/ports.ts";
import { EvidenceTables } from "./storage/evidence-tables.ts";

const DAY_MS = 86_400_000;

/** Who counted what no object of ours could: the Workers, which refuse before any object is asked. */
const WORKERS = "workers";

/** What a Workspace was told of its objects. Each call runs inside a transaction of the caller's. */
export class WorkspaceEvidence {
  readonly #tables: EvidenceTables;
  #prunedAtMs = 0;

  constructor(sql: SqlStorage) {
    this.#tables = new EvidenceTables(sql);
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
  alerts(nowMs: number): Answer<readonly Alert[]> {
    const range = { fromMs: nowMs - ALERT_LOOK_BACK_MS, toMs: Number.MAX_SAFE_INTEGER };
    const alert = edgeAlert(this.#tables.edges(range), nowMs);
    return ok(alert === undefined ? [] : [alert]);
  }

  /** Drops what is older than evidence is kept; looks once a day, since few rows ever are. */
  prune(nowMs: number): void {
    if (nowMs - this.#prunedAtMs < DAY_MS) return;
    this.#prunedAtMs = nowMs;
    this.#tables.prune(nowMs - EVIDENCE_DAYS_MAX * DAY_MS);
  }
}
