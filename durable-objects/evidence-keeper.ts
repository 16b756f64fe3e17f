import { inTime } from "../src/core/in-time.ts";
import { EdgeBook } from "../src/egress/edge-book.ts";
import { EvidenceBook } from "../src/egress/evidence-book.ts";
import type { EvidenceReport } from "../src/egress/evidence.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { EdgeNote } from "../src/ingest/append.ts";
import { formatName } from "../src/region/object-names.ts";
import { standingText, type Standing } from "../src/region/placement.ts";
import { EvidenceTable } from "./storage/evidence-table.ts";

/** Counts are on disk at the latest this long after they were made. */
export const WRITE_MS = 60_000;

/** How much earlier they may be written, so that a piece of work once a minute carries them. */
const WRITE_AHEAD_MS = 5_000;

/** Counts alone reach the workspace at this pace; what is new reaches it at once. */
export const PUSH_MS = 300_000;

/** Between what is new and the report of it, where no work of the object's own carries it. */
const NEWS_MS = 1_000;

/** Until the workspace has to have taken a report; the object has other work to do. */
const PUSH_MS_MAX = 5_000;

/** Between two tries to reach the workspace. */
const RETRY_MS = 60_000;

/** An object that has nothing new says once a day where it runs. */
const STANDING_MS = 86_400_000;

/** Refusals of an hour are kept here until the workspace has surely heard of them. */
const HOURS_KEPT_MS = 2 * 86_400_000;

/** Places are many and each report names them all, so only hours that may yet grow are kept. */
const EDGE_HOURS_KEPT_MS = 2 * 3_600_000;

export type EvidenceKeeperDeps = {
  readonly storage: Pick<DurableObjectStorage, "sql" | "sync">;
  readonly standing: Standing;
  /** Hands a report to the workspace; resolves when it is taken. */
  readonly push: (report: EvidenceReport) => Promise<void>;
  /** Told when there is something to do at `dueAtMs`, which the object's alarm has to keep. */
  readonly wake?: () => void;
  readonly now: () => number;
};

/**
 * The evidence of one object: whom it contacts and what it refuses, and that its workspace hears of
 * it. The first contact with a host, and the first refusal, are on disk before the request goes out.
 *
 * State: the object's table `evidence`. It has no alarm of its own: the object's has to ring at
 * `dueAtMs`, and whatever work the object does anyway ends with `run()`.
 */
export class EvidenceKeeper {
  readonly observer: EgressObserver;
  readonly #deps: EvidenceKeeperDeps;
  readonly #table: EvidenceTable;
  readonly #book: EvidenceBook;
  readonly #edges: EdgeBook;
  #toldAtMs: number | undefined;
  /** Set while something is not written, or not told. */
  #writeAtMs: number | undefined;
  #pushAtMs: number | undefined;
  #wroteAtMs = 0;
  /** Until the row of a first contact is on disk. */
  #flushing: Promise<void> | undefined;

  constructor(deps: EvidenceKeeperDeps) {
    this.#deps = deps;
    this.#table = new EvidenceTable(deps.storage.sql);
    const { rows, toldAtMs } = this.#table.read();
    this.#book = new EvidenceBook(rows);
    this.#edges = new EdgeBook(rows);
    this.#toldAtMs = toldAtMs;
    const hasNews = (atMs: number) =>
      this.#book.hasNewsSince(atMs) || this.#edges.hasNewsSince(atMs);
    if (toldAtMs !== undefined && hasNews(toldAtMs)) this.#pushAtMs = deps.now();
    this.observer = {
      sending: (contact, level, bytes) =>
        this.#noted(this.#book.sending(contact, level, bytes, deps.now())),
      refused: (contact, reason) => this.#noted(this.#book.refused(contact, reason, deps.now())),
      sent: (contact, bytes) => this.#later(() => this.#book.sent(contact, bytes)),
      received: (contact, bytes) => this.#later(() => this.#book.received(contact, bytes)),
    };
  }

  /** When there is something to do; `undefined` while there is nothing. */
  get dueAtMs(): number | undefined {
    this.#noticeClock();
    if (this.#writeAtMs === undefined) return this.#pushAtMs;
    return Math.min(this.#writeAtMs, this.#pushAtMs ?? Infinity);
  }

  /** Writes and tells what is due. What the workspace does not take is told again later. */
  async run(): Promise<void> {
    const nowMs = this.#deps.now();
    this.#noticeClock();
    if (this.#writeAtMs !== undefined && nowMs >= this.#writeAtMs - WRITE_AHEAD_MS) this.#write();
    const isPushDue = this.#pushAtMs !== undefined && nowMs >= this.#pushAtMs - NEWS_MS;
    const isStandingDue = nowMs - (this.#toldAtMs ?? -Infinity) >= STANDING_MS;
    if (isPushDue || (isStandingDue && this.#pushAtMs === undefined)) await this.#push(nowMs);
  }

  /** What it has seen until now, written or not. */
  report(): EvidenceReport {
    const { standing, now } = this.#deps;
    return {
      object: formatName(standing.name),
      kind: standing.name.kind,
      standing: standingText(standing),
      atMs: now(),
      ...this.#book.totals(),
      edges: this.#edges.totals(),
    };
  }

  /** Counts a request by the place it came in at. */
  countEdge(edge: EdgeNote): void {
    this.#later(() => this.#edges.count(edge, this.#deps.now()));
  }

  #noted(isFirst: boolean): Promise<void> | undefined {
    if (!isFirst) {
      this.#schedule();
      // Whoever comes right after the first waits with it for the row that names the host.
      return this.#flushing;
    }
    this.#write();
    this.#pushAtMs = this.#deps.now() + NEWS_MS;
    this.#deps.wake?.();
    const flushing = this.#deps.storage.sync().finally(() => {
      if (this.#flushing === flushing) this.#flushing = undefined;
    });
    this.#flushing = flushing;
    return flushing;
  }

  /** A clock that was ahead leaves times in the future; nothing waits until it has caught up. */
  #noticeClock(): void {
    const nowMs = this.#deps.now();
    this.#wroteAtMs = Math.min(this.#wroteAtMs, nowMs);
    if (this.#writeAtMs !== undefined) {
      this.#writeAtMs = Math.min(this.#writeAtMs, nowMs + WRITE_MS);
    }
    if (this.#pushAtMs !== undefined) this.#pushAtMs = Math.min(this.#pushAtMs, nowMs + PUSH_MS);
  }

  #later(count: () => void): void {
    count();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#writeAtMs !== undefined || !(this.#book.isDirty || this.#edges.isDirty)) return;
    this.#writeAtMs = Math.max(this.#deps.now(), this.#wroteAtMs + WRITE_MS);
    this.#deps.wake?.();
  }

  #write(): void {
    this.#table.write([...this.#book.changes(), ...this.#edges.changes()]);
    this.#writeAtMs = undefined;
    this.#wroteAtMs = this.#deps.now();
    this.#pushAtMs ??= Math.max(this.#wroteAtMs, (this.#toldAtMs ?? 0) + PUSH_MS);
  }

  async #push(nowMs: number): Promise<void> {
    const report = this.report();
    // Set before the call: what is seen while it runs has to be told in the next one.
    this.#pushAtMs = undefined;
    try {
      await inTime(this.#deps.push(report), PUSH_MS_MAX);
      this.#toldAtMs = report.atMs;
      this.#table.told(report.atMs);
      this.#table.drop("refusal", this.#book.forgetHours(nowMs - HOURS_KEPT_MS));
      this.#table.drop("edge", this.#edges.forgetHours(nowMs - EDGE_HOURS_KEPT_MS));
    } catch {
      // The workspace is out of reach; totals lose nothing by being told later.
      this.#pushAtMs = nowMs + RETRY_MS;
    }
  }
}
