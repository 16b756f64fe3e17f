import { monthOf } from "../src/archive/key.ts";
import type { RecordedRow } from "../src/archive/catalogue.ts";
import type { Cursor, ReplayFile } from "../src/replay/replay-files.ts";
import type { ReplaySpec } from "../src/replay/replay.ts";
import type { Reach } from "./reach.ts";

/** A Worker's clock may have been ahead of the queue's that named the file's day. */
const SKEW_MS_MAX = 3_600_000;

/** Files asked for at once. */
const PAGE_MAX = 100;

/** The files of a replay's range, month by month, in the order in which each month recorded them. */
export class ReplayCatalogue {
  readonly #reach: Reach;
  readonly #spec: ReplaySpec;
  #page: { readonly month: string; rows: readonly RecordedRow[] } | undefined;

  constructor(reach: Reach, spec: ReplaySpec) {
    this.#reach = reach;
    this.#spec = spec;
  }

  /** Looks again: other jobs may have changed what is recorded. */
  forget(): void {
    this.#page = undefined;
  }

  /** The file that follows, or `undefined` when no month has any more. */
  async next(cursor: Cursor): Promise<Omit<ReplayFile, "firstSeq"> | undefined> {
    const held = this.#take(cursor);
    if (held !== undefined) return held;
    const { sourceId, fromMs, toMs } = this.#spec;
    for (const month of await this.#months()) {
      const afterId = cursor[month] ?? 0;
      const query = { fromMs, toMs, afterId, max: PAGE_MAX };
      const rows = await this.#reach.archiveMonth(sourceId, month).recorded(query);
      if (rows.length === 0) continue;
      this.#page = { month, rows };
      return this.#take(cursor);
    }
    return undefined;
  }

  /** Files in range and the events in them; files at the edges are counted whole. */
  async planned(): Promise<{ readonly files: number; readonly events: number }> {
    const { sourceId, fromMs, toMs } = this.#spec;
    const total = { files: 0, events: 0 };
    for (const month of await this.#months()) {
      const counted = await this.#reach.archiveMonth(sourceId, month).totals({ fromMs, toMs });
      total.files += counted.files;
      total.events += counted.events;
    }
    return total;
  }

  async #months(): Promise<readonly string[]> {
    const { sourceId, fromMs } = this.#spec;
    const first = monthOf(Math.max(0, fromMs - SKEW_MS_MAX));
    const months = await this.#reach.archive(sourceId).months();
    return months.filter((month) => month >= first);
  }

  #take(cursor: Cursor): Omit<ReplayFile, "firstSeq"> | undefined {
    const page = this.#page;
    const [row, ...rest] = page?.rows ?? [];
    if (page === undefined || row === undefined) return undefined;
    page.rows = rest;
    const { key, location, ownBucket } = row.file;
    const place = ownBucket === undefined ? { location } : { location, ownBucket };
    return { ...place, key, before: cursor, after: { ...cursor, [page.month]: row.id } };
  }
}
