import { ok } from "../src/core/result.ts";
import {
  EVIDENCE_DAYS_MAX,
  type EvidenceRange,
  type EvidenceReport,
  type EvidenceView,
} from "../src/egress/evidence.ts";
import type { Answer } from "../src/workspace/ports.ts";
import { EvidenceTables } from "./storage/evidence-tables.ts";

const DAY_MS = 86_400_000;

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

  view(range: EvidenceRange): Answer<EvidenceView> {
    return ok(this.#tables.view(range));
  }

  /** Drops what is older than evidence is kept; looks once a day, since few rows ever are. */
  prune(nowMs: number): void {
    if (nowMs - this.#prunedAtMs < DAY_MS) return;
    this.#prunedAtMs = nowMs;
    this.#tables.prune(nowMs - EVIDENCE_DAYS_MAX * DAY_MS);
  }
}
