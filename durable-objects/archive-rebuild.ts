import {
  isSegmentSourceId,
  newRebuild,
  postpone,
  type RebuildJob,
  type RebuildProgress,
  type RebuildRefusal,
  type RebuildStart,
} from "../src/archive/rebuild.ts";
import { runSlice, type RebuildDeps } from "../src/archive/rebuild-slice.ts";
import { newChildId, workspaceOf, type SourceId } from "../src/core/ids.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import { readStored } from "../src/core/stored-json.ts";
import { fileAt } from "../src/region/own-bucket.ts";
import type { ArchiveTurns } from "./archive-turns.ts";
import type { FileBuckets } from "./file-buckets.ts";
import type { Reach } from "./reach.ts";

export type RebuildParts = {
  readonly storage: DurableObjectStorage;
  readonly sourceId: SourceId;
  readonly reach: Reach;
  readonly files: Pick<FileBuckets, "of">;
  readonly turns: ArchiveTurns;
};

/** The rebuilds of one source's catalogue; the present one is the last one. */
export class ArchiveRebuild {
  readonly #parts: RebuildParts;

  constructor(parts: RebuildParts) {
    this.#parts = parts;
  }

  /** Starts a rebuild, or answers the one of the same files that is running. */
  start(start: RebuildStart): Result<RebuildProgress, RebuildRefusal> {
    const { storage, sourceId, turns } = this.#parts;
    const { segmentSourceId } = start;
    if (segmentSourceId !== undefined && !isSegmentSourceId(segmentSourceId)) {
      return err({ kind: "invalid-segment-source-id" });
    }
    const last = this.#last();
    if (last?.progress.state === "running") {
      const isSame = last.progress.segmentSourceId === segmentSourceId;
      if (!isSame) return err({ kind: "busy", running: last.progress });
      return ok(this.#withTurn(last.progress));
    }
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
    const id = newChildId("job", workspaceOf(sourceId), random);
    const job = newRebuild(id, sourceId, start, Date.now());
    storage.sql.exec(
      "INSERT INTO jobs (id, kind, state, job) VALUES (?, 'rebuild', ?, ?)",
      id,
      job.progress.state,
      JSON.stringify(job),
    );
    turns.enter({ id, kind: "rebuild" }, Date.now());
    return ok(this.#withTurn(job.progress));
  }

  progress(): RebuildProgress | undefined {
    const last = this.#last();
    return last === undefined ? undefined : this.#withTurn(last.progress);
  }

  /** When the next slice is due; `undefined` while none is, or another job has its turn. */
  dueAtMs(): number | undefined {
    const job = this.#last();
    if (job?.progress.state !== "running") return undefined;
    return this.#parts.turns.waitsFor(job.progress.id) === undefined ? job.nextAtMs : undefined;
  }

  /** One slice, if a rebuild is running and has its turn. */
  async run(untilMs: number): Promise<void> {
    const { turns } = this.#parts;
    let job = this.#last();
    if (job === undefined || job.progress.state !== "running") return;
    const { id } = job.progress;
    if (turns.enter({ id, kind: "rebuild" }, Date.now()).kind === "waiting") return;
    try {
      job = await runSlice(job, this.#deps(untilMs));
    } catch {
      // The message may quote what was read, so only the fact is kept; the row has the position.
      job = postpone(this.#last() ?? job, "internal", Date.now());
    }
    this.#save(job);
    if (job.progress.state !== "running") turns.leave(id);
  }

  #withTurn(progress: RebuildProgress): RebuildProgress {
    const waitsFor = this.#parts.turns.waitsFor(progress.id);
    return waitsFor === undefined ? progress : { ...progress, waitsFor };
  }

  #deps(untilMs: number): RebuildDeps {
    const { sourceId, reach, files } = this.#parts;
    return {
      bucket: (place) => files.of(fileAt(place), "reader"),
      held: (month, keys) => reach.archiveMonth(sourceId, month).heldAt(keys),
      record: (month, file) => reach.archiveMonth(sourceId, month).record(file),
      suspect: (month, suspects) => reach.archiveMonth(sourceId, month).suspect(suspects),
      save: (job) => this.#save(job),
      now: () => Date.now(),
      isOver: () => Date.now() >= untilMs,
    };
  }

  #save(job: RebuildJob): void {
    this.#parts.storage.sql.exec(
      "UPDATE jobs SET state = ?, job = ? WHERE id = ?",
      job.progress.state,
      JSON.stringify(job),
      job.progress.id,
    );
  }

  #last(): RebuildJob | undefined {
    const [row] = this.#parts.storage.sql
      .exec<{ job: string }>(
        "SELECT job FROM jobs WHERE kind = 'rebuild' ORDER BY position DESC LIMIT 1",
      )
      .toArray();
    return row === undefined ? undefined : readStored<RebuildJob>(row.job);
  }
}
