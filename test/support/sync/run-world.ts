import { SyncSpillTable } from "../../../durable-objects/storage/sync-spill-table.ts";
import { SyncStateTable } from "../../../durable-objects/storage/sync-state-table.ts";
import { SyncStorage } from "../../../durable-objects/storage/sync-storage.ts";
import { SYNC_MIGRATIONS } from "../../../durable-objects/storage/sync.schema.ts";
import { checkUnchanged, SyncDiffs } from "../../../durable-objects/sync-diffs.ts";
import { endRun } from "../../../durable-objects/sync-ending.ts";
import type { Accepted } from "../../../src/sync/engine/change.ts";
import { planOf, type Plan } from "../../../src/sync/engine/plan.ts";
import { SyncState } from "../../../src/sync/engine/state/sync-state.ts";
import { compileMapping } from "../../../src/sync/mapping/compile.ts";
import type { RunRequest } from "../../../src/sync/ports.ts";
import type { Opened } from "../../../src/sync/run/ports.ts";
import { NO_COUNTS, type SyncRun } from "../../../src/sync/run/run.ts";
import { RunWork } from "../../../src/sync/run/run-work.ts";
import { newSteps } from "../../../src/sync/run/steps.ts";
import { SourceFailure } from "../../../src/sync/source/source.ts";
import { NodeStorage, SimulatedCrash } from "../node-storage.ts";
import { hasherOf, MemoryRows, MemorySql, SEEDS, type Table } from "./memory-sources.ts";
import { RunBucket } from "./run-bucket.ts";
import {
  CALM,
  COLUMNS,
  edited,
  identifierOf,
  KEY,
  recordOf,
  type Life,
  type RunPlan,
} from "./run-model.ts";
import { syncOf } from "./run-sync.ts";
import { RunTarget } from "./run-target.ts";

const TRIGGER = { kind: "manual", detail: undefined, scheduledForMs: undefined } as const;
const STATE_LIMITS = { foldEntriesMin: 8, foldShare: 0, slicePages: 1, denseEntriesPerPage: 5 };
/** Slices of one run; a run of so few rows that takes more never ends. */
const SLICES_MAX = 1_000;
const TIDIES = 3;

const KEYS = hasherOf({ columns: KEY, key: KEY });

type Disk = { readonly storage: SyncStorage; readonly state: SyncState };

/** A whole sync: its run as it is, on real SQLite, and the world around it in memory. */
export class RunWorld {
  readonly #life: Life;
  readonly #node = new NodeStorage();
  readonly table: Table = { columns: COLUMNS, rows: [] };
  readonly target: RunTarget;
  readonly bucket = new RunBucket(() => this.#isOut());
  /** Our own account of what was recorded as accepted. */
  readonly accepted = new Map<string, bigint>();
  readonly wrong: string[] = [];
  #pending: Accepted[] = [];
  #disk: Disk;
  #plan: RunPlan | undefined;
  #clock = 1_000;
  #number = 0;
  #steps = 0;
  #stepsLeft = Number.POSITIVE_INFINITY;
  #abort = new AbortController();

  constructor(life: Life) {
    this.#life = life;
    this.target = new RunTarget(life.limits);
    this.target.step = () => void this.#isOut();
    for (const { sql } of SYNC_MIGRATIONS) this.#node.sql.exec(`${sql} `);
    this.#disk = this.#open();
  }

  get storage(): SyncStorage {
    return this.#disk.storage;
  }

  get state(): SyncState {
    return this.#disk.state;
  }

  /** Runs once to its end, however often it is killed on the way. */
  async run(plan: RunPlan): Promise<SyncRun> {
    const { weather } = plan;
    this.#plan = plan;
    this.#bringBack();
    for (const edit of plan.edits) this.table.rows = edited(this.table.rows, edit);
    this.target.begin(weather);
    this.#abort = new AbortController();
    this.#steps = 0;
    const run = this.#begin(plan);
    const deaths = [...weather.crashes];
    let statement = weather.crashStatement;
    let wasKilled = false;
    for (let slice = 0; slice < SLICES_MAX; slice++) {
      this.#stepsLeft = deaths.shift() ?? Number.POSITIVE_INFINITY;
      this.#node.failAfter(statement);
      statement = undefined;
      try {
        if (await this.#slice(plan, wasKilled)) break;
        wasKilled = false;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
        wasKilled = true;
        this.#node.failAfter(undefined);
        this.#disk = this.#open();
      }
    }
    this.#node.failAfter(undefined);
    const ended = this.storage.find(run.id);
    if (ended?.endedAtMs === undefined) throw new Error("Cannot end a run: it goes on for ever");
    return ended;
  }

  /** One slice; true when the run is over. */
  async #slice(plan: RunPlan, wasKilled: boolean): Promise<boolean> {
    // It ended in the very statement that was the last.
    if (this.storage.current() === undefined) return true;
    const work = this.#work(plan);
    const slice =
      (wasKilled ? work.interrupted() : undefined) ??
      (await work.advance(this.#clock + plan.sliceMs));
    for (let tidy = 0; tidy < TIDIES; tidy++) {
      this.storage.transaction(() => this.state.tidy());
    }
    if (slice.kind === "done") return true;
    this.#clock = Math.max(this.#clock, slice.atMs);
    return false;
  }

  /** Who was deleted and, as the sync knows, is on the list no more signs up again. */
  #bringBack(): void {
    if (this.#life.behaviour !== "delete") return;
    const listed = new Set(this.table.rows.map(identifierOf));
    for (const row of this.#life.there) {
      const identifier = identifierOf(row);
      const keyHash = KEYS.hashKey(row.slice(0, KEY.length)) ?? "";
      if (listed.has(identifier) || this.accepted.has(keyHash)) continue;
      this.target.records.set(identifier, recordOf(row, "there"));
    }
  }

  #begin({ kind }: RunPlan): SyncRun {
    this.#number += 1;
    const run: SyncRun = {
      id: `run_eu_${this.#number}`,
      syncId: syncOf(this.#life, "").id,
      number: this.#number,
      kind,
      trigger: TRIGGER,
      state: "queued",
      isCanceled: false,
      fullSync: undefined,
      engine: undefined,
      steps: newSteps(),
      place: "simulated eu",
      counts: NO_COUNTS,
      dryRun: undefined,
      error: undefined,
      createdAtMs: this.#clock,
      startedAtMs: undefined,
      endedAtMs: undefined,
    };
    this.storage.transaction(() => {
      this.storage.save(run);
      this.storage.setProgress({ phase: "identify", failures: 0 });
    });
    return run;
  }

  #request({ kind, isFull, chosen }: RunPlan): RunRequest {
    const [region = null, id = null] =
      this.table.rows[(chosen ?? 0) % Math.max(1, this.table.rows.length)] ?? [];
    const keys =
      chosen === undefined || region === null || id === null ? {} : { keys: [[region, id]] };
    return {
      kind,
      trigger: TRIGGER,
      isFull: isFull && this.#life.behaviour !== "append",
      allowDeletes: true,
      allowMassChange: true,
      ...keys,
    };
  }

  #work(plan: RunPlan): RunWork {
    const { storage } = this;
    const request = this.#request(plan);
    return new RunWork({
      storage,
      open: async () => this.#opened(plan, request),
      openStores: async () => this.bucket,
      signal: this.#abort.signal,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      random: () => 0.5,
      now: () => ++this.#clock,
      sleep: async (ms) => void (this.#clock += ms),
      prefix: "diffs/",
      fileChars: this.#life.fileChars,
      ended: (run) => endRun(storage, run, request),
      guard: request,
    });
  }

  #opened(plan: RunPlan, request: RunRequest): Opened {
    const { constant, suppressed, engine, behaviour = this.#life.behaviour } = plan;
    const fault = (): void => {
      if (this.#isOut()) throw new SourceFailure("cut_off", "The connection was lost", true);
    };
    fault();
    const sync = syncOf({ ...this.#life, behaviour }, constant);
    const { source: kind, pieceChanges } = this.#life;
    const source =
      kind === "sql" ? new MemorySql(this.table, fault) : new MemoryRows(this.table, fault);
    const compiled = compileMapping(sync, source.columns);
    if (!compiled.ok) throw new Error("Cannot run: the mapping is not valid");
    const mapper = compiled.value;
    checkUnchanged(this.storage, sync, mapper);
    const idAt = mapper.columns.indexOf("id");
    const diffs = new SyncDiffs({
      ...this.#disk,
      request,
      sync,
      source,
      mapper,
      seeds: SEEDS,
      isEmpty: false,
      spill: new SyncSpillTable(this.#node.sql),
      nextTurn: async () => undefined,
      planOf: (facts) => plannedOf(planOf(facts), engine),
      pieces: {
        pieces: { changes: pieceChanges, chars: 200, rows: 40, settled: 5 },
        spillLimits: { gatheredRows: 11, passRows: 2 },
      },
    });
    return {
      sync,
      mapper,
      target: this.target,
      store: this.bucket.store,
      isForced: request.kind === "test" || request.keys !== undefined,
      diff: (position) => diffs.begin(position),
      suppressed: async (rows) => rows.map((row) => suppressed.includes(row[idAt] ?? "")),
      close: async () => undefined,
    };
  }

  /** Counts a step of the world: the process may die here, the run be canceled, something not answer. */
  #isOut(): boolean {
    const { canceledAt, outages } = this.#plan?.weather ?? CALM;
    const step = this.#steps++;
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) throw new SimulatedCrash();
    if (step === canceledAt) this.#abort.abort();
    return outages.includes(step);
  }

  #open(): Disk {
    const state = new SyncState(new SyncStateTable(this.#node.sql), STATE_LIMITS);
    this.#pending = [];
    const transactionSync = <T>(work: () => T): T => {
      this.#pending = [];
      const value = this.#node.transactionSync(work);
      for (const taken of this.#pending) this.#record(taken);
      this.#pending = [];
      return value;
    };
    const accept = (accepted: readonly Accepted[]): void => {
      state.accept(accepted);
      this.#pending.push(...accepted);
    };
    const rows = { accept, count: () => state.count(), rolledBack: () => state.rolledBack() };
    return { storage: new SyncStorage({ sql: this.#node.sql, transactionSync }, rows), state };
  }

  #record({ keyHash, rowHash, isRemembered }: Accepted): void {
    this.target.uncertain.delete(keyHash);
    if (rowHash === undefined || isRemembered === true) this.accepted.delete(keyHash);
    else this.accepted.set(keyHash, rowHash);
  }
}

/** Few rows are always read in order; so that sums are computed too, they are where they may be. */
function plannedOf(plan: Plan, engine: RunPlan["engine"]): Plan {
  const isFree = plan.engine === "ordered_merge" && plan.why.includes("few enough");
  return isFree && engine === "checksum" ? { engine, bits: 4, why: "A test wants it." } : plan;
}
