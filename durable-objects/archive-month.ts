import { belongsTo, type ArchiveFile, type RecordedFile } from "../src/archive/archive-file.ts";
import {
  FILES_PAGE_MAX,
  matchPage,
  parsePosition,
  type FilesPage,
  type FilesQuery,
  type FileTotals,
  type RecordedQuery,
  type RecordedRow,
  type HeldFile,
  type MatchPage,
} from "../src/archive/catalogue.ts";
import type { SweepPage } from "../src/archive/retention.ts";
import { homeBucket } from "../src/archive/home-bucket.ts";
import {
  checkSuspects,
  nextCheckAt,
  SUSPECTS_SHOWN_MAX,
  type NewSuspects,
  type OpenSuspects,
  type SuspectDeps,
} from "../src/archive/suspects.ts";
import { matchesAny, prepareUsers } from "../src/archive/user-filter.ts";
import { parseConfig, type Config } from "../src/config.ts";
import { regionOf, workspaceOf, type SourceId } from "../src/core/ids.ts";
import { scrubFreePages } from "../src/core/scrub-storage.ts";
import { standing } from "../src/region/placement.ts";
import type { OwnBucketName } from "../src/region/own-bucket.ts";
import { homeOf, type ArchiveLocation } from "../src/region/regions.ts";
import { Breakers, PROBE_MS_MIN } from "../src/s3/breaker.ts";
import type { ArchiveMonthPort } from "../src/services.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { MonthSweeping } from "./month-sweeping.ts";
import { SourceObject } from "./source-object.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { ARCHIVE_MONTH_MIGRATIONS } from "./storage/archive-month.schema.ts";
import { CatalogueTable, type FilteredFile } from "./storage/catalogue-table.ts";
import { SuspectsTable } from "./storage/suspects-table.ts";

/** Bytes of filters one search goes through: about 7 million users, a third of a second. */
const SEARCHED_BYTES_MAX = 16 * 1024 * 1024;

/** Of one alarm, between two suspects: well under the 15 minutes an alarm may take. */
const SLICE_MS_MAX = 15_000;
/** When the alarm comes back if a slice dies without a word; longer than the longest slice. */
const WATCHDOG_MS = 600_000;

/**
 * The catalogue of one source's archive files of one month, by the day in their keys. A key stands
 * in it once: the same range of events in a second location is a stray copy, never a second file.
 *
 * State: tables `files`, `filters`, `suspects`, `evidence`. Alarm: the first check of a suspect that is
 * due, or evidence that has to be written or told;
 * while checks run, the moment to take them up again should the object die in them.
 */
export class ArchiveMonth extends SourceObject implements ArchiveMonthPort {
  readonly #sourceId: SourceId;
  readonly #month: string;
  readonly #reach: Reach;
  readonly #config: Config;
  readonly #catalogue: CatalogueTable;
  readonly #suspects: SuspectsTable;
  readonly #breakers: Breakers<ArchiveLocation>;
  readonly #evidence: EvidenceKeeper;
  readonly #sweeping: MonthSweeping;
  /** The checks that are running; a second alarm joins them. */
  #checks: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#config = parseConfig(env as unknown as Record<string, unknown>);
    const self = standing(ctx.id, this.#config.jurisdictions);
    const { name } = self;
    if (name.kind !== "archive-month") {
      throw new Error("outside_jurisdiction: This object is no month of an archive");
    }
    this.#sourceId = name.sourceId;
    this.#month = name.month;
    this.#reach = reach(env, this.#config);
    this.begin(ARCHIVE_MONTH_MIGRATIONS, { reach: this.#reach, sourceId: name.sourceId });
    this.#catalogue = new CatalogueTable(ctx.storage.sql, name.sourceId);
    this.#suspects = new SuspectsTable(ctx.storage.sql);
    const workspaceId = workspaceOf(name.sourceId);
    this.#evidence = new EvidenceKeeper({
      storage: ctx.storage,
      standing: self,
      push: (report) => this.#reach.workspace(workspaceId).takeEvidence(report),
      now: () => Date.now(),
    });
    this.#sweeping = new MonthSweeping({
      storage: ctx.storage,
      config: this.#config,
      sourceId: name.sourceId,
      reach: this.#reach,
      observe: this.#evidence.observer,
      catalogue: this.#catalogue,
    });
    this.#breakers = new Breakers(
      { failuresToOpen: 1, waitMsMin: PROBE_MS_MIN, waitMsMax: this.#config.failover.probeMsMax },
      () => Date.now(),
      () => Math.random(),
    );
  }

  /**
   * Inserts unless the key is held, and answers what is held: the same file on a repeat, another
   * location's when a copy of it was recorded first. Durable once the returned promise resolves.
   */
  async record(file: RecordedFile): Promise<ArchiveFile> {
    this.#check(file);
    const held = this.#catalogue.find(file.key);
    if (held !== undefined) return held;
    // Before the first row, so that no file is ever in a month that the archive does not know.
    if (this.#catalogue.isEmpty()) await this.#reach.archive(this.#sourceId).openMonth(this.#month);
    // Where this object runs is told beside the file, not before it: the next file tells it again.
    this.ctx.waitUntil(this.#tell());
    return this.ctx.storage.transactionSync(() => {
      const meanwhile = this.#catalogue.find(file.key);
      if (meanwhile !== undefined) return meanwhile;
      this.#catalogue.insert(file);
      const { userFilter: _userFilter, ...recorded } = file;
      return recorded;
    });
  }

  /** A file that was removed meanwhile is not brought back. */
  async rewrote(file: RecordedFile): Promise<void> {
    this.#check(file);
    this.ctx.storage.transactionSync(() => this.#catalogue.rewrote(file));
  }

  async find(key: string): Promise<ArchiveFile | undefined> {
    return this.#catalogue.find(key);
  }

  /** Those of the keys that the catalogue holds, and where. */
  async heldAt(keys: readonly string[]): Promise<readonly HeldFile[]> {
    return this.#catalogue.heldAt(keys);
  }

  /** Durable once the returned promise resolves; a location where the file stands is left out. */
  async suspect(suspects: readonly NewSuspects[]): Promise<void> {
    const nowMs = Date.now();
    const checkAtMs = nowMs + this.#config.failover.suspectMs;
    this.ctx.storage.transactionSync(() => {
      for (const { key, locations } of suspects) {
        const file = this.#catalogue.find(key);
        if (file === undefined || locations.some((at) => homeOf(at) !== homeOf(file.location))) {
          throw new RangeError("Cannot suspect a copy: no file of this catalogue can have it");
        }
        // A second copy is from before a deletion rewrote the file.
        const ndjsonSha256 = file.originalSha256 ?? file.ndjsonSha256;
        for (const location of locations) {
          if (location === file.location) continue;
          this.#suspects.note({ key, location, ndjsonSha256, notedAtMs: nowMs, checkAtMs });
        }
      }
    });
    await this.#arm();
  }

  async suspects(): Promise<OpenSuspects> {
    const shown = this.#suspects.oldest(SUSPECTS_SHOWN_MAX).map((suspect) => {
      const { ndjsonSha256: _ndjsonSha256, ...rest } = suspect;
      const isUnanswered = !this.#breakers.admits(suspect.location);
      return {
        ...rest,
        keptAt: this.#catalogue.find(suspect.key)?.location,
        error: rest.error ?? (isUnanswered ? "unanswered" : undefined),
      };
    });
    return { open: this.#suspects.count(), shown };
  }

  override async alarm(): Promise<void> {
    this.#checks ??= this.#checkSuspects().finally(() => {
      this.#checks = undefined;
    });
    await this.#checks;
  }

  /** A page of files by the time their events were received. */
  async list(query: FilesQuery): Promise<FilesPage> {
    const after = query.after === undefined ? undefined : parsePosition(query.after);
    if (query.after !== undefined && after === undefined) {
      throw new RangeError("Cannot list archive files: the position is not one of ours");
    }
    const max = Math.max(1, Math.min(FILES_PAGE_MAX, query.max));
    const toMs = query.toMs ?? Number.MAX_SAFE_INTEGER;
    return this.#catalogue.page(query.fromMs ?? Number.MIN_SAFE_INTEGER, toMs, after, max);
  }

  /** Files of a range in the order of recording; a file that is rewritten has to keep its row. */
  async recorded(query: RecordedQuery): Promise<readonly RecordedRow[]> {
    const max = Math.max(1, Math.min(FILES_PAGE_MAX, query.max));
    return this.#catalogue.recorded({ ...query, max });
  }

  async totals({ fromMs, toMs }: Pick<RecordedQuery, "fromMs" | "toMs">): Promise<FileTotals> {
    return this.#catalogue.totals(fromMs, toMs);
  }

  /**
   * Files that may hold one of the users: 8 bytes of hash each. Ask again with `after` = `next`
   * until `next` is absent; a page may well be empty.
   */
  async matching(userHashes: Uint8Array, after?: string): Promise<MatchPage> {
    const query = prepareUsers(userHashes);
    const found: FilteredFile[] = [];
    let [examined, bytes] = [0, 0];
    for (const { id, filter } of this.#catalogue.filters(Number(after ?? 0))) {
      examined++;
      bytes += filter.byteLength;
      const file = matchesAny(filter, query) ? this.#catalogue.fileOf(id) : undefined;
      if (file !== undefined) found.push({ id, file, filter });
      const isFull = found.length >= FILES_PAGE_MAX || bytes >= SEARCHED_BYTES_MAX;
      if (isFull) return matchPage(found, examined, String(id));
    }
    return matchPage(found, examined, undefined);
  }

  async scrub(): Promise<void> {
    await scrubFreePages(this.ctx.storage, 0, () => scheduler.wait(0));
  }

  /** Removes files whose last event was received before `beforeMs`, and what is known of them. */
  async sweep(
    beforeMs: number,
    after?: string,
    own: readonly OwnBucketName[] = [],
  ): Promise<SweepPage> {
    const page = await this.#sweeping.sweep({ beforeMs, after, own });
    this.ctx.waitUntil(this.#tell());
    return page;
  }

  async #tell(): Promise<void> {
    await this.#evidence.run();
    if (this.#evidence.dueAtMs !== undefined) await this.#arm();
  }

  async #checkSuspects(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + WATCHDOG_MS);
    try {
      await checkSuspects(this.#suspectDeps(Date.now() + SLICE_MS_MAX));
      await this.#evidence.run();
      await this.#arm();
    } catch {
      // Nothing was settled that is not on disk, so the watchdog's turn finds what is left.
    }
  }

  /** Sets the alarm where the table and the breakers want it. */
  async #arm(): Promise<void> {
    const home = regionOf(this.#sourceId);
    const check = nextCheckAt(home, this.#breakers, (location) => this.#suspects.dueAtMs(location));
    const at = Math.min(check ?? Infinity, this.#evidence.dueAtMs ?? Infinity);
    if (at === Infinity) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(Date.now(), at));
  }

  #suspectDeps(untilMs: number): SuspectDeps {
    return {
      home: regionOf(this.#sourceId),
      breakers: this.#breakers,
      due: (location, nowMs, max) => this.#suspects.due(location, nowMs, max),
      find: (key) => this.#catalogue.find(key),
      bucket: (location) =>
        homeBucket(this.#config, this.#sourceId, location, this.#evidence.observer),
      clear: (suspect) => this.#suspects.clear(suspect),
      postpone: (suspect, error, atMs) => this.#suspects.postpone(suspect, error, atMs),
      now: () => Date.now(),
      unansweredMs: this.#config.failover.probeMsMax,
      isOver: () => Date.now() >= untilMs,
    };
  }

  /** Every caller of ours gets this right; a file in the wrong month would not be found again. */
  #check(file: RecordedFile): void {
    if (!belongsTo(file, this.#sourceId, this.#month)) {
      throw new RangeError("Cannot record an archive file: it belongs to another catalogue");
    }
  }
}
