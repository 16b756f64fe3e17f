import { findMessage } from "../src/archive/find-message.ts";
import { monthOf, parseKey } from "../src/archive/key.ts";
import type { RebuildProgress, RebuildRefusal, RebuildStart } from "../src/archive/rebuild.ts";
import type { JobRef, JobTurn, QueuedJob } from "../src/archive/jobs.ts";
import { parseConfig, type Config } from "../src/config.ts";
import { isChildId, workspaceOf, type RegulationId, type SourceId } from "../src/core/ids.ts";
import type { Result } from "../src/core/result.ts";
import { joinSuspects, type OpenSuspects } from "../src/archive/suspects.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import { standing } from "../src/region/placement.ts";
import type { ErasedExports } from "../src/archive/ports.ts";
import type { RetentionProgress } from "../src/archive/retention.ts";
import type {
  ArchivePort,
  EraseAnswer,
  EraseRequest,
  ExportAnswer,
  LinkAnswer,
  MessageFile,
} from "../src/services.ts";
import { ArchiveRebuild } from "./archive-rebuild.ts";
import { ArchiveRetention } from "./archive-retention.ts";
import { ArchiveTurns } from "./archive-turns.ts";
import { ArchiveErasing } from "./archive-erasing.ts";
import { ArchiveExports } from "./archive-exports.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { FileBuckets } from "./file-buckets.ts";
import { SourceObject } from "./source-object.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { ExportTriesTable } from "./storage/export-tries-table.ts";
import { ARCHIVE_MIGRATIONS } from "./storage/archive.schema.ts";

/** Of one alarm, between two files: well under the 15 minutes an alarm may take, and its CPU time. */
const SLICE_MS_MAX = 15_000;
/** When the alarm comes back if a slice dies without a word; longer than the longest slice. */
const WATCHDOG_MS = 600_000;

/**
 * The archive of one source: which months have files, and the jobs that go through them.
 *
 * State: tables `months`, `jobs`, `turns`, `rewrites`, `spill`, `export_tries`, `evidence`. Alarm: the running job's next slice,
 * derived from its row, the day's sweep, or evidence that has to be written or told; while a slice runs, the moment to pick it up again
 * should the object die in it.
 */
export class Archive extends SourceObject implements ArchivePort {
  readonly #config: Config;
  readonly #sourceId: SourceId;
  readonly #reach: Reach;
  readonly #evidence: EvidenceKeeper;
  readonly #files: FileBuckets;
  readonly #turns: ArchiveTurns;
  readonly #retention: ArchiveRetention;
  readonly #rebuild: ArchiveRebuild;
  readonly #erasing: ArchiveErasing;
  readonly #exports: ArchiveExports;
  /** The slice that is running; a second alarm joins it. */
  #slice: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#config = parseConfig(env as unknown as Record<string, unknown>);
    const self = standing(ctx.id, this.#config.jurisdictions);
    const { name } = self;
    if (name.kind !== "archive") throw new Error("outside_jurisdiction: This object is no archive");
    this.#sourceId = name.sourceId;
    this.#reach = reach(env, this.#config);
    const own = { reach: this.#reach, sourceId: name.sourceId };
    this.begin(ARCHIVE_MIGRATIONS, own);
    this.#turns = new ArchiveTurns(ctx.storage, (job) => ctx.waitUntil(this.#began(job)));
    const { storage } = ctx;
    this.#retention = new ArchiveRetention({ ...own, storage, turns: this.#turns });
    const workspaceId = workspaceOf(name.sourceId);
    this.#evidence = new EvidenceKeeper({
      storage,
      standing: self,
      push: (report) => this.#reach.workspace(workspaceId).takeEvidence(report),
      // A slice that is running arms the alarm at its end, and has its watchdog until then.
      wake: () => (this.#slice === undefined ? ctx.waitUntil(this.#arm()) : undefined),
      now: () => Date.now(),
    });
    this.#files = new FileBuckets({
      config: this.#config,
      sourceId: name.sourceId,
      observe: this.#evidence.observer,
      reach: this.#reach,
    });
    const parts = {
      storage: ctx.storage,
      sourceId: name.sourceId,
      reach: this.#reach,
      files: this.#files,
    };
    this.#rebuild = new ArchiveRebuild({ ...parts, turns: this.#turns });
    this.#exports = new ArchiveExports({
      tries: new ExportTriesTable(storage),
      config: this.#config,
      sourceId: name.sourceId,
      observe: this.#evidence.observer,
    });
    this.#erasing = new ArchiveErasing({ ...parts, archive: this, exports: this.#exports });
  }

  /** Months that have, or are about to have, files; oldest first. */
  async months(): Promise<readonly string[]> {
    return this.ctx.storage.sql
      .exec<{ month: string }>("SELECT month FROM months ORDER BY month")
      .toArray()
      .map((row) => row.month);
  }

  /** Makes a month known. Durable once the returned promise resolves; harmless to repeat. */
  async openMonth(month: string): Promise<void> {
    this.ctx.storage.sql.exec(
      "INSERT INTO months (month, opened_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
      month,
      Date.now(),
    );
    // A slice that opens months tells at its end, with its watchdog in force until then.
    if (this.#slice === undefined) this.ctx.waitUntil(this.#tell());
  }

  async startRebuild(start: RebuildStart): Promise<Result<RebuildProgress, RebuildRefusal>> {
    const started = this.#rebuild.start(start);
    if (started.ok) await this.#arm();
    return started;
  }

  /** The present rebuild, or the last one. */
  async rebuild(): Promise<RebuildProgress | undefined> {
    return this.#rebuild.progress();
  }

  /** See `src/archive/jobs.ts`. Durable once the returned promise resolves. */
  async enterJob({ id, kind }: JobRef): Promise<JobTurn> {
    return this.#turns.enter({ id, kind }, Date.now());
  }

  /** See `src/archive/jobs.ts`. Durable once the returned promise resolves. */
  async leaveJob(jobId: string): Promise<void> {
    this.#turns.leave(jobId);
  }

  /** Jobs that have or wait for their turn, in the order of entering. */
  async jobs(): Promise<readonly QueuedJob[]> {
    return this.#turns.queue();
  }

  async retention(): Promise<RetentionProgress | undefined> {
    return this.#retention.progress();
  }

  async erase(request: EraseRequest): Promise<EraseAnswer> {
    return this.#erasing.erase(request);
  }

  async exportEvents(request: EraseRequest): Promise<ExportAnswer> {
    return this.#erasing.export(request);
  }

  async readExport(key: string, location: ArchiveLocation): Promise<ReadableStream | undefined> {
    return this.#exports.read(key, location);
  }

  async dropExport(regulationId: RegulationId): Promise<void> {
    await this.#exports.drop(regulationId);
  }

  async eraseExports(request: EraseRequest, position?: string): Promise<ErasedExports> {
    return this.#exports.erase(request, position);
  }

  async link(request: EraseRequest): Promise<LinkAnswer> {
    return this.#erasing.link(request);
  }

  async poke(): Promise<void> {
    if (this.#slice === undefined) await this.#arm();
  }

  /** Every month is asked, since a file of any may come to be suspected late. */
  async suspects(): Promise<OpenSuspects> {
    const months = await this.months();
    const asked = months.map((month) => this.#reach.archiveMonth(this.#sourceId, month).suspects());
    return joinSuspects(await Promise.all(asked));
  }

  /**
   * Which of these files holds the event of that messageId, read in the region. Files that cannot be
   * read now are passed over.
   */
  async findMessage(keys: readonly string[], messageId: string): Promise<MessageFile | undefined> {
    for (const key of keys) {
      const log = parseKey(key);
      if (log === undefined) continue;
      const file = await this.#reach.archiveMonth(this.#sourceId, monthOf(log.dayMs)).find(key);
      if (file === undefined) continue;
      const { location } = file;
      const object = await (await this.#files.of(file, "reader")).get(key);
      if (!object.ok) continue;
      const receivedAt = await findMessage(object.value.body, messageId);
      if (receivedAt !== undefined) return { key, location, receivedAt };
    }
    return undefined;
  }

  override async alarm(): Promise<void> {
    this.#slice ??= this.#runSlice().finally(() => {
      this.#slice = undefined;
    });
    await this.#slice;
    await this.#tell();
  }

  async #tell(): Promise<void> {
    await this.#evidence.run();
    await this.#arm();
  }

  /** One job has its turn, so only one of these does anything. */
  async #runSlice(): Promise<void> {
    const untilMs = Date.now() + SLICE_MS_MAX;
    await this.ctx.storage.setAlarm(Date.now() + WATCHDOG_MS);
    await this.#rebuild.run(untilMs);
    await this.#retention.run(() => Date.now() >= untilMs);
  }

  /** Wakes a job that has its turn now; one that does not hear it asks by its own alarm. */
  async #began({ id, kind }: QueuedJob): Promise<void> {
    if (kind === "replay" && isChildId("rpl", id)) {
      await this.#reach
        .replay(id)
        .wake()
        .catch(() => undefined);
    }
    await this.#arm();
  }

  /** Sets the alarm where the job, if one is running, and the evidence want it. */
  async #arm(): Promise<void> {
    const atMs = Math.min(
      this.#rebuild.dueAtMs() ?? Infinity,
      this.#retention.dueAtMs() ?? Infinity,
      this.#evidence.dueAtMs ?? Infinity,
    );
    if (atMs === Infinity) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(Date.now(), atMs));
  }
}
