import type { Accepted, Change, DiffPiece } from "../../../src/sync/engine/change.ts";
import { checksum } from "../../../src/sync/engine/checksum.ts";
import type { PartitionInput } from "../../../src/sync/engine/diff-input.ts";
import { orderedMerge } from "../../../src/sync/engine/ordered-merge.ts";
import { partitionJoin } from "../../../src/sync/engine/partition-join.ts";
import type { SyncState } from "../../../src/sync/engine/state/sync-state.ts";
import {
  SYNC_SPILL_SQL,
  SyncSpillTable,
} from "../../../durable-objects/storage/sync-spill-table.ts";
import type { SourceRow } from "../../../src/sync/source/source.ts";
import { NodeStorage, SimulatedCrash } from "../node-storage.ts";
import { COLUMNS, SELECTION, type Life, type Mutation, type RunPlan } from "./engine-model.ts";
import { hasherOf, MemoryRows, MemorySql, type Table } from "./memory-sources.ts";
import { nodeState } from "./node-state.ts";

/** A row as the destination has it, and how often it was sent. */
type Record = { readonly rowHash: bigint; readonly row: SourceRow };

/** What a run keeps across crashes; it moves with the state, in one transaction. */
type Disk = {
  readonly phase: "identify" | "load" | "done";
  readonly position: string | undefined;
  readonly unloaded: readonly Change[];
  readonly loaded: number;
  readonly invalid: number;
  readonly rows: number;
};

const BEGIN: Disk = {
  phase: "identify",
  position: undefined,
  unloaded: [],
  loaded: 0,
  invalid: 0,
  rows: 0,
};

/** What was wrong in a run, in words; none of it ever may be. */
export type Wrong = string;

/** A sync with its table, destination and state, on real SQLite; runs are killed where a plan says. */
export class EngineWorld {
  readonly #life: Life;
  readonly #storage = new NodeStorage();
  readonly #hasher = hasherOf(SELECTION);
  readonly table: Table = { columns: COLUMNS, rows: [] };
  readonly destination = new Map<string, Record>();
  /** Our own account of what was accepted, to judge by whether something had to be sent. */
  readonly accepted = new Map<string, bigint>();
  readonly remembered = new Set<string>();
  readonly wrong: Wrong[] = [];
  #state: SyncState;
  #disk = BEGIN;
  #stepsLeft = Number.POSITIVE_INFINITY;

  constructor(life: Life) {
    this.#life = life;
    this.#storage.sql.exec(`${SYNC_SPILL_SQL} `);
    this.#state = this.#open();
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Runs once to the end, however often it is killed on the way. */
  async run(plan: RunPlan): Promise<{ readonly sent: number; readonly wasKilled: boolean }> {
    for (const mutation of plan.mutations) this.#mutate(mutation);
    this.#disk = BEGIN;
    const deaths = [...plan.crashes];
    let sent = 0;
    let wasKilled = false;
    let statement = plan.crashStatement;
    for (;;) {
      this.#stepsLeft = deaths.shift() ?? Number.POSITIVE_INFINITY;
      this.#storage.failAfter(statement);
      statement = undefined;
      try {
        sent += await this.#advance(plan);
        this.#storage.failAfter(undefined);
        break;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
        wasKilled = true;
        this.#storage.failAfter(undefined);
        this.#state = this.#open();
      }
    }
    if (!wasKilled && plan.race === undefined) this.#checkCounts();
    for (let slice = 0; slice < plan.tidySlices && this.#tidy(); slice++);
    return { sent, wasKilled };
  }

  /** Rows that may be sent: those with a whole key that no other row has. */
  valid(): ReadonlyMap<string, Record> {
    const rows = this.#bySelection();
    return new Map(
      [...rows].flatMap(([key, [row, ...more]]) => (row && more.length === 0 ? [[key, row]] : [])),
    );
  }

  /** Keys that several rows have. */
  duplicated(): ReadonlySet<string> {
    return new Set(
      [...this.#bySelection()].flatMap(([key, rows]) => (rows.length > 1 ? [key] : [])),
    );
  }

  async #advance(plan: RunPlan): Promise<number> {
    if (this.#disk.phase === "identify") await this.#identify(plan);
    return this.#load(plan);
  }

  async #identify(plan: RunPlan): Promise<void> {
    // An engine without positions begins anew, and what it had written is dropped.
    if (this.#disk.position === undefined) this.#disk = BEGIN;
    for await (const piece of this.#pieces(plan)) {
      this.#step();
      // A row that comes back between two statements was gone when it was settled.
      if (plan.race === undefined) this.#checkSettled(piece.settled);
      const next: Disk = {
        ...this.#disk,
        position: piece.position ?? this.#disk.position,
        unloaded: [...this.#disk.unloaded, ...piece.changes],
        invalid: this.#disk.invalid + piece.invalid.length + piece.invalidUnread,
        rows: this.#disk.rows + piece.read.rows,
      };
      this.#commit(next, piece.settled);
    }
    this.#commit({ ...this.#disk, phase: "load" }, []);
  }

  #pieces(plan: RunPlan): AsyncIterable<DiffPiece> {
    const fault = (): void => this.#step();
    const input: PartitionInput = {
      state: this.#state,
      selection: SELECTION,
      needs: this.#life.needs,
      isFull: plan.isFull,
      position: this.#disk.position,
      signal: new AbortController().signal,
      pieces: { changes: this.#life.pieceChanges, chars: 200, rows: 40, settled: 5 },
      spill: new SyncSpillTable(this.#storage.sql),
      spillLimits: { gatheredRows: 11, passRows: 2 },
      nextTurn: async () => undefined,
    };
    if (plan.engine === "partition_join") {
      return partitionJoin(new MemoryRows(this.table, fault), input);
    }
    const source = new MemorySql(this.table, fault);
    const { race } = plan;
    if (race !== undefined) source.beforeRows = () => this.#mutate({ kind: "put", row: race });
    // A full sync is read in order, as the planner has it.
    if (plan.engine === "ordered_merge" || plan.isFull) return orderedMerge(source, input);
    return checksum(source, { ...input, bits: plan.bits, isTooMuch: () => false });
  }

  #load(plan: RunPlan): number {
    let sent = 0;
    while (this.#disk.loaded < this.#disk.unloaded.length) {
      const { loaded, unloaded } = this.#disk;
      const batch = unloaded.slice(loaded, loaded + plan.batch);
      this.#step();
      const accepted = batch.flatMap((change) => (this.#send(change, plan) ? [change] : []));
      sent += batch.length;
      // The destination has it and nobody knows: the same batch is sent again.
      this.#step();
      const taken = accepted.map(({ kind, keyHash, rowHash, row }): Accepted =>
        kind === "delete"
          ? { keyHash, rowHash: undefined }
          : { keyHash, rowHash, ...this.#keptKey(row) },
      );
      // A full sync also sends what did not change; refused, it has to come again.
      const refused = batch.filter((change) => plan.isFull && !accepted.includes(change));
      const outdated = refused.flatMap((change) => this.#outdated(change));
      this.#commit({ ...this.#disk, loaded: loaded + batch.length }, [...taken, ...outdated]);
    }
    this.#commit({ ...this.#disk, phase: "done" }, []);
    return sent;
  }

  /** The state with another hash of that row, so that the next diff finds it changed. */
  #outdated({ kind, keyHash, rowHash, row }: Change): readonly Accepted[] {
    if (kind !== "update") return [];
    return [{ keyHash, rowHash: rowHash ^ 1n, ...this.#keptKey(row) }];
  }

  #keptKey(row: SourceRow): { readonly key?: SourceRow } {
    return this.#life.keepsKeys ? { key: [row[1] ?? null, row[2] ?? null] } : {};
  }

  /** Whether the destination takes a change; says what is wrong with one that need not be sent. */
  #send({ kind, keyHash, rowHash, row }: Change, { refusal, isFull }: RunPlan): boolean {
    const before = this.accepted.get(keyHash);
    if (kind === "insert" && before !== undefined) this.wrong.push(`${keyHash} is known already`);
    if (kind === "insert" && this.remembered.has(keyHash))
      this.wrong.push(`${keyHash} is sent again`);
    if (kind === "update" && before === rowHash && !isFull)
      this.wrong.push(`${keyHash} did not change`);
    if (kind !== "insert" && before === undefined) this.wrong.push(`${keyHash} was never accepted`);
    if (kind === "delete" && this.#life.keepsKeys && this.#hasher.hashKey(row) !== keyHash) {
      this.wrong.push(`${keyHash} is deleted without its key`);
    }
    if (refusal >= 0 && (Number.parseInt(keyHash.slice(0, 8), 16) + refusal) % 3 === 0)
      return false;
    if (kind === "delete") this.destination.delete(keyHash);
    else this.destination.set(keyHash, { rowHash, row });
    return true;
  }

  #commit(disk: Disk, taken: readonly Accepted[]): void {
    this.#storage.transactionSync(() => this.#state.accept(taken));
    this.#disk = disk;
    for (const { keyHash, rowHash, isRemembered } of taken) {
      this.remembered.delete(keyHash);
      if (rowHash === undefined || isRemembered === true) this.accepted.delete(keyHash);
      else this.accepted.set(keyHash, rowHash);
      if (isRemembered === true) this.remembered.add(keyHash);
    }
  }

  #checkSettled(settled: readonly Accepted[]): void {
    const valid = this.valid();
    for (const { keyHash, rowHash } of settled) {
      const now = valid.get(keyHash);
      const isGone = now === undefined;
      const wasSilent = !this.#life.needs.updates && now?.rowHash === rowHash;
      if (!isGone && !wasSilent) this.wrong.push(`${keyHash} is settled though it has to be sent`);
    }
  }

  #checkCounts(): void {
    const rows = this.#bySelection();
    const single = [...rows.values()].filter(({ length }) => length === 1).length;
    const invalid = this.table.rows.length - single;
    if (this.#disk.invalid !== invalid)
      this.wrong.push(`${this.#disk.invalid} invalid, not ${invalid}`);
    if (this.#disk.rows !== this.table.rows.length) this.wrong.push(`${this.#disk.rows} rows read`);
  }

  #tidy(): boolean {
    return this.#storage.transactionSync(() => this.#state.tidy());
  }

  #open(): SyncState {
    const { denseEntriesPerPage } = this.#life;
    const limits = { foldEntriesMin: 8, foldShare: 0, slicePages: 1, denseEntriesPerPage };
    return nodeState(this.#storage, limits).state;
  }

  #step(): void {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) throw new SimulatedCrash();
  }

  #bySelection(): ReadonlyMap<string, readonly Record[]> {
    const found = new Map<string, Record[]>();
    for (const [region = null, id = null, name = null] of this.table.rows) {
      const row = [name, region, id];
      const hashes = this.#hasher.hash(row);
      if (hashes === undefined) continue;
      const record = { rowHash: hashes.rowHash, row };
      found.set(hashes.keyHash, [...(found.get(hashes.keyHash) ?? []), record]);
    }
    return found;
  }

  #mutate(mutation: Mutation): void {
    const { rows } = this.table;
    switch (mutation.kind) {
      case "clear":
        this.table.rows = [];
        return;
      case "remove":
        this.table.rows = rows.filter((_, at) => at !== mutation.at % Math.max(1, rows.length));
        return;
      case "add":
        this.table.rows = [...rows, mutation.row];
        return;
      case "put": {
        const isOther = (row: SourceRow): boolean =>
          row[0] !== mutation.row[0] || row[1] !== mutation.row[1];
        this.table.rows = [...rows.filter(isOther), mutation.row];
      }
    }
  }
}
