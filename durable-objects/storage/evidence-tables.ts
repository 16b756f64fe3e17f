import type {
  EdgeEvidence,
  EvidenceRange,
  EvidenceReport,
  EvidenceView,
  HostEvidence,
  ObjectEvidence,
  RefusalEvidence,
} from "../../src/egress/evidence.ts";

/** Rows of one list of a view: what a report shows and one call carries easily. */
export const EVIDENCE_ROWS_MAX = 10_000;

/** Reports of a workspace's objects, as rows. All calls are synchronous; the caller groups them. */
export class EvidenceTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * Totals only grow, so the larger of two is the newer: a report that comes twice, or after a newer
   * one, changes nothing. Rows that say what is known already are not written.
   */
  take(report: EvidenceReport): void {
    const { object, kind, standing, atMs } = report;
    this.#sql.exec(
      `INSERT INTO evidence_objects (object, kind, standing, first_at_ms, last_at_ms)
       VALUES (?1, ?2, ?3, ?4, ?4)
       ON CONFLICT (object) DO UPDATE SET standing = ?3, last_at_ms = ?4 WHERE last_at_ms < ?4`,
      object,
      kind,
      standing,
      atMs,
    );
    for (const host of report.hosts) this.#takeHost(object, host);
    for (const refusal of report.refusals) this.#takeRefusal(object, refusal);
    for (const edge of report.edges) this.#takeEdge(object, edge);
  }

  /**
   * Adds requests that Workers counted. They have no storage to keep totals in, so each of their
   * calls brings what is new; `object` is what the rows are kept apart by.
   */
  addEdges(object: string, edges: readonly EdgeEvidence[]): void {
    for (const { hourMs, colo, outcome, count } of edges) {
      this.#sql.exec(
        `INSERT INTO evidence_edges (hour_ms, object, colo, outcome, count)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hour_ms, object, colo, outcome) DO UPDATE SET count = count + ?5`,
        hourMs,
        object,
        colo,
        outcome,
        count,
      );
    }
  }

  view({ fromMs, toMs }: EvidenceRange): EvidenceView {
    const objects = this.#objects(fromMs, toMs);
    const hosts = this.#hosts(fromMs, toMs);
    const refusals = this.refusals({ fromMs, toMs });
    const edges = this.edges({ fromMs, toMs });
    const isCut = [objects, hosts, refusals, edges].some(
      ({ length }) => length === EVIDENCE_ROWS_MAX,
    );
    return { objects, hosts, refusals, edges, isCut };
  }

  /** Drops what was last seen before `beforeMs`. */
  prune(beforeMs: number): void {
    this.#sql.exec("DELETE FROM evidence_refusals WHERE hour_ms < ?", beforeMs);
    this.#sql.exec("DELETE FROM evidence_edges WHERE hour_ms < ?", beforeMs);
    this.#sql.exec("DELETE FROM evidence_hosts WHERE last_at_ms < ?", beforeMs);
    this.#sql.exec("DELETE FROM evidence_objects WHERE last_at_ms < ?", beforeMs);
  }

  #takeHost(object: string, host: HostEvidence): void {
    this.#sql.exec(
      `INSERT INTO evidence_hosts (object, host, purpose, level, requests, bytes_sent,
         bytes_received, first_at_ms, last_at_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
       ON CONFLICT (object, host, purpose) DO UPDATE SET
         level = ?4, requests = max(requests, ?5), bytes_sent = max(bytes_sent, ?6),
         bytes_received = max(bytes_received, ?7), first_at_ms = min(first_at_ms, ?8),
         last_at_ms = max(last_at_ms, ?9)
       WHERE requests < ?5 OR bytes_sent < ?6 OR bytes_received < ?7`,
      object,
      host.host,
      host.purpose,
      host.level,
      host.requests,
      host.bytesSent,
      host.bytesReceived,
      host.firstAtMs,
      host.lastAtMs,
    );
  }

  #takeRefusal(object: string, refusal: RefusalEvidence): void {
    this.#sql.exec(
      `INSERT INTO evidence_refusals (hour_ms, object, host, purpose, reason, count)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6)
       ON CONFLICT (hour_ms, object, host, purpose, reason) DO UPDATE SET count = ?6
       WHERE count < ?6`,
      refusal.hourMs,
      object,
      refusal.host,
      refusal.purpose,
      refusal.reason,
      refusal.count,
    );
  }

  #takeEdge(object: string, edge: EdgeEvidence): void {
    this.#sql.exec(
      `INSERT INTO evidence_edges (hour_ms, object, colo, outcome, count)
       VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (hour_ms, object, colo, outcome) DO UPDATE SET count = ?5 WHERE count < ?5`,
      edge.hourMs,
      object,
      edge.colo,
      edge.outcome,
      edge.count,
    );
  }

  #objects(fromMs: number, toMs: number): readonly ObjectEvidence[] {
    return this.#sql
      .exec<ObjectEvidence>(
        `SELECT object, kind, standing, first_at_ms AS firstAtMs, last_at_ms AS lastAtMs
         FROM evidence_objects WHERE last_at_ms >= ? AND first_at_ms < ? ORDER BY object LIMIT ?`,
        fromMs,
        toMs,
        EVIDENCE_ROWS_MAX,
      )
      .toArray();
  }

  #hosts(fromMs: number, toMs: number): readonly HostEvidence[] {
    return this.#sql
      .exec<HostEvidence>(
        `SELECT host, purpose, level, sum(requests) AS requests, sum(bytes_sent) AS bytesSent,
           sum(bytes_received) AS bytesReceived, min(first_at_ms) AS firstAtMs,
           max(last_at_ms) AS lastAtMs
         FROM evidence_hosts WHERE last_at_ms >= ? AND first_at_ms < ?
         GROUP BY host, purpose, level ORDER BY host, purpose, level LIMIT ?`,
        fromMs,
        toMs,
        EVIDENCE_ROWS_MAX,
      )
      .toArray();
  }

  refusals({ fromMs, toMs }: EvidenceRange): readonly RefusalEvidence[] {
    return this.#sql
      .exec<RefusalEvidence>(
        `SELECT host, purpose, reason, hour_ms AS hourMs, sum(count) AS count
         FROM evidence_refusals WHERE hour_ms >= ? AND hour_ms < ?
         GROUP BY hour_ms, host, purpose, reason
         ORDER BY hour_ms DESC, host, purpose, reason LIMIT ?`,
        fromMs,
        toMs,
        EVIDENCE_ROWS_MAX,
      )
      .toArray();
  }

  edges({ fromMs, toMs }: EvidenceRange): readonly EdgeEvidence[] {
    return this.#sql
      .exec<EdgeEvidence>(
        `SELECT colo, outcome, hour_ms AS hourMs, sum(count) AS count
         FROM evidence_edges WHERE hour_ms >= ? AND hour_ms < ?
         GROUP BY hour_ms, colo, outcome ORDER BY hour_ms DESC, colo, outcome LIMIT ?`,
        fromMs,
        toMs,
        EVIDENCE_ROWS_MAX,
      )
      .toArray();
  }
}
