import type { DestinationId, SourceId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import { addLatencies, type DeliveryStep } from "../../src/deliver/lane/counts.ts";
import type { LaneReport, LaneStatus } from "../../src/deliver/lane/ports.ts";
import {
  GRANULARITIES,
  type DestinationStanding,
  type MetricsQuery,
  type MetricsRow,
} from "../../src/workspace/delivery-metrics.ts";

type CountRow = {
  destination_id: DestinationId;
  source_id: SourceId;
  step: DeliveryStep;
  code: string;
  at_ms: number;
  count: number;
  retry_count: number;
  latency: string;
};

const HOUR_MS = GRANULARITIES.hour.stepMs;

/** What lanes told: counts by minute, summed up to hours, and how each lane stands. Synchronous. */
export class MetricsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Takes totals over: the same report again changes nothing. Call inside a transaction. */
  take({ lane, destinationId, sourceId, atMs, counts, status }: LaneReport): void {
    const hours = new Set<number>();
    for (const count of counts) {
      this.#save("delivery_minutes", lane, { destinationId, sourceId, ...count });
      hours.add(count.atMs - (count.atMs % HOUR_MS));
    }
    for (const hourMs of hours) this.#sumUp(lane, hourMs);
    this.#sql.exec(
      `INSERT OR REPLACE INTO lanes (lane, destination_id, at_ms, status) VALUES (?, ?, ?, ?)`,
      lane,
      destinationId,
      atMs,
      JSON.stringify(status),
    );
  }

  /** Counts over all lanes, one row for each destination, step, code and time; oldest first. */
  counts({ granularity, fromMs, toMs, sourceId, destinationId }: MetricsQuery): MetricsRow[] {
    const table = granularity === "minute" ? "delivery_minutes" : "delivery_hours";
    const { stepMs } = GRANULARITIES[granularity];
    const rows = this.#sql
      .exec<CountRow>(
        `SELECT destination_id, source_id, step, code, at_ms, count, retry_count, latency
           FROM ${table} WHERE at_ms >= ? AND at_ms < ?
            AND (?3 IS NULL OR source_id = ?3) AND (?4 IS NULL OR destination_id = ?4)`,
        fromMs,
        toMs,
        sourceId ?? null,
        destinationId ?? null,
      )
      .toArray();
    const sums = new Map<string, MetricsRow>();
    for (const row of rows) {
      const atMs = row.at_ms - (row.at_ms % stepMs);
      const name = [atMs, row.destination_id, row.step, row.code].join(" ");
      const held = sums.get(name);
      sums.set(name, {
        destinationId: row.destination_id,
        sourceId: row.source_id,
        step: row.step,
        code: row.code,
        atMs,
        count: (held?.count ?? 0) + row.count,
        retryCount: (held?.retryCount ?? 0) + row.retry_count,
        latency: addLatencies(held?.latency ?? {}, readLatency(row.latency)),
      });
    }
    return [...sums.values()].toSorted((a, b) => a.atMs - b.atMs);
  }

  /** How every destination's lanes stand, as far as they told. */
  standings(): DestinationStanding[] {
    const standings = new Map<DestinationId, DestinationStanding>();
    const rows = this.#sql
      .exec<{ destination_id: DestinationId; status: string }>(
        "SELECT destination_id, status FROM lanes ORDER BY destination_id",
      )
      .toArray();
    for (const { destination_id: id, status } of rows) {
      standings.set(id, addStatus(standings.get(id), id, readStored<LaneStatus>(status)));
    }
    return [...standings.values()];
  }

  /** Forgets what is older than its granularity is kept. */
  prune(nowMs: number): void {
    const { minute, hour } = GRANULARITIES;
    this.#sql.exec("DELETE FROM delivery_minutes WHERE at_ms < ?", nowMs - minute.keptMs);
    this.#sql.exec("DELETE FROM delivery_hours WHERE at_ms < ?", nowMs - hour.keptMs - 86_400_000);
  }

  /** An hour is the sum of its minutes, which are all still there while any of them changes. */
  #sumUp(lane: string, hourMs: number): void {
    const rows = this.#sql
      .exec<CountRow>(
        `SELECT * FROM delivery_minutes WHERE lane = ? AND at_ms >= ? AND at_ms < ?`,
        lane,
        hourMs,
        hourMs + HOUR_MS,
      )
      .toArray();
    const sums = new Map<string, Parameters<MetricsTable["take"]>[0]["counts"][number]>();
    for (const row of rows) {
      const name = `${row.step} ${row.code}`;
      const held = sums.get(name);
      sums.set(name, {
        atMs: hourMs,
        step: row.step,
        code: row.code,
        count: (held?.count ?? 0) + row.count,
        retryCount: (held?.retryCount ?? 0) + row.retry_count,
        latency: addLatencies(held?.latency ?? {}, readLatency(row.latency)),
      });
    }
    const [first] = rows;
    if (first === undefined) return;
    const of = { destinationId: first.destination_id, sourceId: first.source_id };
    for (const sum of sums.values()) this.#save("delivery_hours", lane, { ...of, ...sum });
  }

  #save(table: "delivery_minutes" | "delivery_hours", lane: string, row: MetricsRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table}
         (lane, at_ms, step, code, destination_id, source_id, count, retry_count, latency)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      lane,
      row.atMs,
      row.step,
      row.code,
      row.destinationId,
      row.sourceId,
      row.count,
      row.retryCount,
      JSON.stringify(row.latency),
    );
  }
}

function readLatency(text: string): Readonly<Record<string, number>> {
  return readStored<Readonly<Record<string, number>>>(text);
}

function addStatus(
  held: DestinationStanding | undefined,
  destinationId: DestinationId,
  status: LaneStatus,
): DestinationStanding {
  const { pausedUntilMs, alert, behindSinceMs } = status;
  return {
    destinationId,
    lanes: (held?.lanes ?? 0) + 1,
    waitingEvents: (held?.waitingEvents ?? 0) + status.waitingEvents,
    waitingBytes: (held?.waitingBytes ?? 0) + status.waitingBytes,
    pausedUntilMs: later(held?.pausedUntilMs, pausedUntilMs),
    deadLetters: (held?.deadLetters ?? 0) + status.deadLetters,
    alerts: alert === undefined ? (held?.alerts ?? []) : [...(held?.alerts ?? []), alert],
    behindSinceMs: earlier(held?.behindSinceMs, behindSinceMs),
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
