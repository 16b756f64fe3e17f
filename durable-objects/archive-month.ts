import { DurableObject } from "cloudflare:workers";
import type { ArchiveFile, RecordedFile } from "../src/archive/archive-file.ts";
import {
  FILES_PAGE_MAX,
  KEYS_ASKED_MAX,
  parsePosition,
  type FilesPage,
  type FilesQuery,
  type MatchPage,
} from "../src/archive/catalogue.ts";
import { monthOf, parseKey } from "../src/archive/key.ts";
import { matchesAny, prepareUsers } from "../src/archive/user-filter.ts";
import { parseConfig } from "../src/config.ts";
import { regionOf, type SourceId } from "../src/core/ids.ts";
import { standing } from "../src/region/placement.ts";
import { homeOf } from "../src/region/regions.ts";
import type { ArchiveMonthPort } from "../src/services.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { ARCHIVE_MONTH_MIGRATIONS } from "./storage/archive-month.schema.ts";
import { CatalogueTable } from "./storage/catalogue-table.ts";
import { migrate } from "./storage/migrate.ts";

/** Bytes of filters one search goes through: about 7 million users, a third of a second. */
const SEARCHED_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The catalogue of one source's archive files of one month, by the day in their keys. A key stands
 * in it once: the same range of events in a second location is a stray copy, never a second file.
 *
 * State: tables `files` and `filters`. No alarm.
 */
export class ArchiveMonth extends DurableObject<Env> implements ArchiveMonthPort {
  readonly #sourceId: SourceId;
  readonly #month: string;
  readonly #reach: Reach;
  readonly #catalogue: CatalogueTable;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const config = parseConfig(env as unknown as Record<string, unknown>);
    const { name } = standing(ctx.id, config.jurisdictions);
    if (name.kind !== "archive-month") {
      throw new Error("outside_jurisdiction: This object is no month of an archive");
    }
    this.#sourceId = name.sourceId;
    this.#month = name.month;
    this.#reach = reach(env, config);
    migrate(ctx.storage, ARCHIVE_MONTH_MIGRATIONS);
    this.#catalogue = new CatalogueTable(ctx.storage.sql, name.sourceId);
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
    return this.ctx.storage.transactionSync(() => {
      const meanwhile = this.#catalogue.find(file.key);
      if (meanwhile !== undefined) return meanwhile;
      this.#catalogue.insert(file);
      const { userFilter: _userFilter, ...recorded } = file;
      return recorded;
    });
  }

  async find(key: string): Promise<ArchiveFile | undefined> {
    return this.#catalogue.find(key);
  }

  /** Those of the keys that the catalogue holds. */
  async held(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length > KEYS_ASKED_MAX) {
      throw new RangeError(`Cannot look up ${keys.length} keys: at most ${KEYS_ASKED_MAX} at once`);
    }
    return keys.filter((key) => this.#catalogue.find(key) !== undefined);
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

  /**
   * Files that may hold one of the users: 8 bytes of hash each. Ask again with `after` = `next`
   * until `next` is absent; a page may well be empty.
   */
  async matching(userHashes: Uint8Array, after?: string): Promise<MatchPage> {
    const query = prepareUsers(userHashes);
    const files: ArchiveFile[] = [];
    let examined = 0;
    let bytes = 0;
    let id = Number(after ?? 0);
    for (;;) {
      const next = this.#catalogue.nextFiltered(id);
      if (next === undefined) return { files, examined, next: undefined };
      id = next.id;
      examined++;
      bytes += next.filter.byteLength;
      if (matchesAny(next.filter, query)) files.push(next.file);
      if (files.length >= FILES_PAGE_MAX || bytes >= SEARCHED_BYTES_MAX) {
        return { files, examined, next: String(id) };
      }
    }
  }

  /** Every caller of ours gets this right; a file in the wrong month would not be found again. */
  #check(file: RecordedFile): void {
    const dayMs = parseKey(file.key)?.dayMs;
    if (
      file.sourceId !== this.#sourceId ||
      dayMs === undefined ||
      monthOf(dayMs) !== this.#month ||
      homeOf(file.location) !== regionOf(this.#sourceId)
    ) {
      throw new RangeError("Cannot record an archive file: it belongs to another catalogue");
    }
  }
}
