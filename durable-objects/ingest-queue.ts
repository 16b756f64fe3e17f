import { parseConfig, type Config } from "../src/config.ts";
import { freeBytes } from "../src/core/free-bytes.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import type { Append, AppendAnswer } from "../src/ingest/append.ts";
import { admit } from "../src/ingest/queue/admit.ts";
import { unavailable } from "../src/ingest/queue/admission.ts";
import { Committer } from "../src/ingest/queue/committer.ts";
import { Counters } from "../src/ingest/queue/counters.ts";
import { FileTable } from "../src/ingest/queue/file-table.ts";
import { Gather } from "../src/ingest/queue/gather.ts";
import { MemoryAccount } from "../src/ingest/queue/memory-budget.ts";
import { askPredecessors } from "../src/ingest/queue/predecessors.ts";
import { Suppressions } from "../src/ingest/queue/suppressions.ts";
import { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import { formatName } from "../src/region/object-names.ts";
import { standing } from "../src/region/placement.ts";
import type {
  LogPiece,
  LogRead,
  QueueCounter,
  QueuePort,
  QueueSettling,
  QueueSighting,
  QueueStatus,
  WorkspacePort,
} from "../src/services.ts";
import type { QueueRef, SourceConfig } from "../src/workspace/source-config.ts";
import { suppressingLease, type SuppressingLease } from "./queue-suppressions.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { GuardedLease } from "./guarded-lease.ts";
import { LaneFeed } from "./queue-lanes.ts";
import { QueueWork } from "./queue-work.ts";
import { SourceObject } from "./source-object.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { guardOf } from "./storage/deletion-number.ts";
import { INGEST_QUEUE_MIGRATIONS } from "./storage/ingest-queue.schema.ts";

/** How long a group waits for more requests where some met before: less than a flush takes. */
const LINGER_MS = 2;

/**
 * The durable log of accepted events of one source × ingest region × shard, with its deduplication
 * window and its archive cursor.
 *
 * State: tables `segments`, `log_<n>`, `dedup_*`, `files`, `counters`, `state`, `evidence`. Alarm: the earliest
 * of sealing, retry, merging, expiry and the idle notice; armed with the first event that waits and
 * again after each piece of work, so that a crash between two lines cannot lose it.
 */
export class IngestQueue extends SourceObject implements QueuePort {
  readonly #config: Config;
  readonly #self: QueueRef;
  readonly #reach: Reach;
  readonly #memory = new MemoryAccount();
  readonly #sourceId: SourceId;
  readonly #storage: QueueStorage;
  readonly #counters: Counters;
  readonly #lease: GuardedLease;
  readonly #suppressions: Suppressions;
  /** The lease, which gives no config before its suppressions are loaded. */
  readonly #served: SuppressingLease;
  readonly #gather: Gather;
  readonly #lanes: LaneFeed;
  readonly #evidence: EvidenceKeeper;
  readonly #work: QueueWork;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#config = parseConfig(env as unknown as Record<string, unknown>);
    const self = standing(ctx.id, this.#config.jurisdictions);
    const { name } = self;
    if (name.kind !== "queue") throw new Error("outside_jurisdiction: This object is no queue");
    this.#sourceId = name.sourceId;
    this.#self = { ingestRegion: name.ingestRegion, shard: name.shard };
    this.#reach = reach(env, this.#config);
    this.begin(INGEST_QUEUE_MIGRATIONS, { reach: this.#reach, sourceId: this.#sourceId });
    const { sql } = ctx.storage;
    this.#storage = new QueueStorage(ctx.storage, this.#config.windowMs, Date.now(), this.#memory);
    this.#counters = new Counters(sql);
    const workspaceId = workspaceOf(this.#sourceId);
    const workspace = (): WorkspacePort => this.#reach.workspace(workspaceId);
    this.#lease = new GuardedLease(
      () => workspace().sourceConfig(this.#sourceId, this.#self),
      () => Date.now(),
      guardOf(sql, (number) => workspace().wasSetBack(formatName(name), number)),
    );
    this.#suppressions = new Suppressions(() =>
      this.#reach.workspace(workspaceId).suppressedUsers(this.#sourceId),
    );
    this.#served = suppressingLease(this.#lease, this.#suppressions);
    this.#evidence = new EvidenceKeeper({
      storage: ctx.storage,
      standing: self,
      push: (report) => this.#reach.workspace(workspaceId).takeEvidence(report),
      now: () => Date.now(),
    });
    const own = {
      ctx,
      reach: this.#reach,
      sourceId: this.#sourceId,
      self: this.#self,
      storage: this.#storage,
      files: new FileTable(sql),
      lease: this.#lease,
    };
    this.#lanes = new LaneFeed(own);
    this.#work = new QueueWork({
      ...own,
      config: this.#config,
      lanes: this.#lanes,
      counters: this.#counters,
      memory: this.#memory,
      evidence: this.#evidence,
    });
    this.#gather = this.#makeGather();
  }

  async append(append: Append): Promise<AppendAnswer> {
    const bytes = append.lines.byteLength;
    if (!this.#memory.reserve(bytes)) return unavailable("memory");
    try {
      return await this.#admit(append);
    } finally {
      this.#memory.release(bytes);
      // They came by RPC, so nobody else has them; what was accepted is in the log.
      freeBytes(append.lines, append.prints, append.users);
    }
  }

  async push(config: SourceConfig): Promise<void> {
    // Loaded first, so that the queue goes on serving by the earlier version until then.
    await this.#suppressions.follow(config.suppressions);
    this.#lease.push(config);
    this.#lanes.learn(this.#lease.current);
  }

  async fence(config: SourceConfig): Promise<void> {
    this.#storage.fence(config.route.n);
    this.#lease.push(config);
    await this.#gather.settled();
    await this.ctx.storage.sync();
  }

  async settle(throughSeq?: number, deletion?: number, isAgain = false): Promise<QueueSettling> {
    if (!isAgain) await this.#refuseSetBack();
    // What was submitted before is committed now, and so a part of what is settled.
    if (throughSeq === undefined) await this.#gather.settled();
    const settling = this.#work.settle(throughSeq);
    if (settling.isSettled && deletion !== undefined) this.#lease.guard.took(deletion);
    return settling;
  }

  /** Whoever settles a queue lifts its guard, and has what it holds archived. */
  async #refuseSetBack(): Promise<void> {
    const leased = await this.#lease.get();
    if (leased.kind === "unknown" || this.#lease.admits) return;
    throw new Error("Cannot settle: the queue was set back; the deletions since come first");
  }

  async suppress(version: number): Promise<boolean> {
    const isHeld = await this.#suppressions.follow(version);
    // What was decided by the earlier version is committed before this is confirmed.
    await this.#gather.settled();
    return isHeld;
  }

  async known(prints: Uint8Array): Promise<Uint8Array> {
    const known = this.#storage.known(prints);
    // What is known may still be on its way to disk: the answer has to wait for it.
    await this.ctx.storage.sync();
    return known;
  }

  async find(print: Uint8Array): Promise<QueueSighting | undefined> {
    return this.#work.find(print);
  }

  async readLog(read: LogRead): Promise<LogPiece> {
    const piece = await this.#lanes.read(read);
    // What is read may still be on its way to disk, and nothing is delivered that a crash undoes.
    await this.ctx.storage.sync();
    return piece;
  }

  async poke(): Promise<void> {
    await this.#work.run();
  }

  async counters(): Promise<readonly QueueCounter[]> {
    return this.#work.readCounters();
  }

  async status(): Promise<QueueStatus> {
    return this.#work.status();
  }

  override async alarm(): Promise<void> {
    await this.#work.run();
  }

  #admit(append: Append): Promise<AppendAnswer> {
    return admit(append, {
      self: this.#self,
      windowMs: this.#config.windowMs,
      lease: this.#served,
      gather: this.#gather,
      ask: (refs, prints) => {
        const queues = refs.map((ref) => this.#reach.queue(this.#sourceId, ref));
        return askPredecessors(queues, prints);
      },
      now: () => Date.now(),
    });
  }

  #makeGather(): Gather {
    const committer = new Committer({
      log: this.#storage.log,
      seen: this.#storage.seen,
      counters: this.#counters,
      self: this.#self,
      suppressed: (users) => this.#suppressions.find(users),
      countEdge: (edge) => this.#evidence.countEdge(edge),
      transaction: (work) => this.ctx.storage.transactionSync(work),
      config: () => this.#served.current,
      fencedBelow: () => this.#storage.fencedBelow,
      isFull: () => this.#storage.isFull,
      now: () => Date.now(),
    });
    return new Gather({
      commit: (entries) => {
        try {
          this.#lanes.learn(this.#lease.current);
          const answers = committer.commit(entries);
          this.#work.committed();
          return answers;
        } catch (error) {
          // Memory may be ahead of storage now; starting anew from storage is the only safe state.
          this.ctx.abort("a commit failed");
          throw error;
        }
      },
      sync: () => this.ctx.storage.sync(),
      linger: () => scheduler.wait(LINGER_MS),
    });
  }
}
