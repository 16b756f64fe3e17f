import { homeBucket } from "../src/archive/home-bucket.ts";
import { sourcePrefixes, workspacePrefixes } from "../src/archive/platform-prefixes.ts";
import { isChildId, type SourceId } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { formatName, parseName } from "../src/region/object-names.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { BucketFailure } from "../src/s3/failures.ts";
import { REMOVED_AT_ONCE_MAX } from "../src/s3/remover.ts";
import {
  isWorkspaceLeaving,
  lateAtMs,
  type Leaving,
  type LeavingCounts,
  type LeavingDone,
  type LeavingProgress,
  type LeavingStep,
} from "../src/workspace/leaving.ts";
import type { SyncId } from "../src/sync/sync.ts";
import { isGoneError } from "./emptying.ts";
import type { Reach } from "./reach.ts";
import { ReplaysTable } from "./storage/replays-table.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

export type LeavingUnitsDeps = {
  readonly turn: WorkspaceTurn;
  readonly sql: SqlStorage;
  readonly reach: Reach;
  readonly observer: EgressObserver;
  readonly isOver: () => boolean;
};

/** Months that are emptied at a time: an object may wait for six connections at once. */
const AT_A_TIME = 6;

const OVER: LeavingDone = { isOver: true };
const EMPTIED: LeavingDone = { isOver: true, counts: { objects: 1 } };

/** The units of work of one deletion, and how each is done. Every one of them can be repeated. */
export class LeavingUnits {
  readonly #deps: LeavingUnitsDeps;
  readonly #leaving: Leaving;

  constructor(deps: LeavingUnitsDeps, leaving: Leaving) {
    this.#deps = deps;
    this.#leaving = leaving;
  }

  of(step: LeavingStep): readonly string[] {
    const { turn } = this.#deps;
    switch (step) {
      case "sources":
        return turn.tables.sourceIds();
      case "syncs":
        return this.#syncs();
      case "files":
        return HOME_REGIONS[turn.home].locations;
      case "late":
        return [...this.#late(), ...HOME_REGIONS[turn.home].locations];
      case "turn":
        return [...this.#replays(), formatName({ kind: "archive", sourceId: this.#sourceId })];
      case "queues":
        return this.#queueNames();
      case "lanes":
        return this.#laneNames();
      case "replays":
        return this.#replays();
      case "archive":
        return [formatName({ kind: "archive", sourceId: this.#sourceId })];
    }
  }

  async work(step: LeavingStep, unit: string, progress: LeavingProgress): Promise<LeavingDone> {
    switch (step) {
      case "sources":
        return this.#source(unit);
      case "syncs":
        return emptied(this.#deps.reach.sync(unit as SyncId).leave());
      case "turn":
        return this.#turn(unit);
      case "queues":
      case "lanes":
      case "replays":
        return emptied(this.#leave(unit));
      case "archive":
        return this.#archive();
      case "files":
        return this.#files(unit as ArchiveLocation);
      case "late": {
        const { suspectMs } = this.#deps.turn.config.failover;
        if (Date.now() < lateAtMs(progress, suspectMs)) return { isOver: false };
        if (parseName(unit) === undefined) return this.#files(unit as ArchiveLocation);
        // What was called meanwhile, and killed before it had asked whether it may be.
        return { isOver: (await emptied(this.#leave(unit))).isOver };
      }
    }
  }

  /** A source of a workspace that leaves: its own deletion, without a further grace. */
  #source(id: string): LeavingDone {
    return { isOver: this.#deps.turn.leavings.find(id)?.state === "done", waitsFor: id };
  }

  async #turn(unit: string): Promise<LeavingDone> {
    const { reach } = this.#deps;
    const name = parseName(unit);
    if (name?.kind === "replay") {
      // One that is over refuses, and needs no more.
      await reach.replay(name.replayId).act("cancel");
      return OVER;
    }
    const job = { id: this.#leaving.id, kind: "leaving" } as const;
    const turn = await reach.archive(this.#sourceId).enterJob(job);
    return turn.kind === "running" ? OVER : { isOver: false, waitsFor: turn.waitsFor.id };
  }

  async #leave(unit: string): Promise<void> {
    const { reach } = this.#deps;
    const name = parseName(unit);
    if (name?.kind === "queue") {
      const { sourceId, ingestRegion, shard } = name;
      return reach.queue(sourceId, { ingestRegion, shard }).leave();
    }
    if (name?.kind === "lane") {
      const { kind: _kind, ...ref } = name;
      return reach.lane(ref).leave();
    }
    if (name?.kind === "replay") return reach.replay(name.replayId).leave();
    if (name?.kind === "sync") return reach.sync(name.syncId).leave();
    if (name?.kind === "archive") return reach.archive(name.sourceId).leave();
    throw new Error("Cannot empty an object: the unit names none that leaves");
  }

  /** The months first, since only the archive knows which there are. */
  async #archive(): Promise<LeavingDone> {
    const { reach } = this.#deps;
    const archive = reach.archive(this.#sourceId);
    const months = await archive.months().catch((error: unknown) => {
      if (isGoneError(error)) return undefined;
      throw error;
    });
    if (months === undefined) return OVER;
    for (let from = 0; from < months.length; from += AT_A_TIME) {
      const some = months.slice(from, from + AT_A_TIME);
      await Promise.all(
        some.map((month) => emptied(reach.archiveMonth(this.#sourceId, month).leave())),
      );
    }
    await emptied(archive.leave());
    return { isOver: true, counts: { objects: months.length + 1 } };
  }

  /** Everything below the subject's prefixes in the platform's bucket at that location. */
  async #files(location: ArchiveLocation): Promise<LeavingDone> {
    const { turn, observer } = this.#deps;
    const { subject } = this.#leaving;
    const bucket = homeBucket(turn.config, subject, location, observer);
    const prefixes = isWorkspaceLeaving(subject)
      ? workspacePrefixes(subject)
      : sourcePrefixes(subject);
    const counts = { files: 0, bytes: 0, versions: 0 };
    let problem: string | undefined;
    for (const prefix of prefixes) {
      const done = await this.#removeBelow(bucket, prefix, counts);
      problem ??= done.problem === undefined ? undefined : `${location}: ${done.problem}`;
      const shown = problem === undefined ? {} : { problem };
      if (!done.isOver) return { ...done, counts, ...shown };
    }
    return { isOver: true, counts, ...(problem === undefined ? {} : { problem }) };
  }

  async #removeBelow(
    bucket: Bucket,
    prefix: string,
    counts: { -readonly [K in Exclude<keyof LeavingCounts, "objects">]: number },
  ): Promise<LeavingDone> {
    let after: string | undefined;
    let refused: string | undefined;
    do {
      if (this.#deps.isOver()) return { isOver: false };
      const from = after === undefined ? {} : { after };
      const page = await bucket.list(prefix, { ...from, max: REMOVED_AT_ONCE_MAX });
      if (!page.ok) return waiting(page.error);
      const { entries, next } = page.value;
      const removed = await bucket.removeMany(entries.map(({ key }) => key));
      if (!removed.ok) return waiting(removed.error);
      const gone = entries.filter(({ key }) => !removed.value.refused.has(key));
      counts.files += gone.length;
      counts.bytes += gone.reduce((sum, { size }) => sum + size, 0);
      [refused = refused] = removed.value.refused.values();
      after = next;
    } while (after !== undefined);
    if (refused !== undefined) return { isOver: false, waitsFor: refused, problem: refused };
    for (;;) {
      if (this.#deps.isOver()) return { isOver: false };
      const page = await bucket.removeVersions(prefix);
      if (!page.ok) return waiting(page.error);
      counts.versions += page.value.removed;
      const { isOver, error: problem } = page.value;
      if (isOver) return { isOver, ...(problem === undefined ? {} : { problem }) };
    }
  }

  get #sourceId(): SourceId {
    const { subject } = this.#leaving;
    if (!isChildId("src", subject)) throw new Error("Cannot work on a source: it is a workspace");
    return subject;
  }

  /** Every sync there ever was. */
  #syncs(): readonly string[] {
    return this.#deps.sql
      .exec<{ id: string }>("SELECT id FROM syncs")
      .toArray()
      .map(({ id }) => id);
  }

  /** Every object that was emptied but the months, which only the archive knew. */
  #late(): readonly string[] {
    if (isWorkspaceLeaving(this.#leaving.subject)) {
      return this.#syncs().map((id) => formatName({ kind: "sync", syncId: id as SyncId }));
    }
    const archive = formatName({ kind: "archive", sourceId: this.#sourceId });
    return [...this.#queueNames(), ...this.#laneNames(), ...this.#replays(), archive];
  }

  #queueNames(): readonly string[] {
    return this.#queues().map((ref) => formatName({ kind: "queue", ...ref }));
  }

  #laneNames(): readonly string[] {
    return this.#destinations().flatMap((destinationId) =>
      this.#queues().map((ref) => formatName({ kind: "lane", destinationId, ...ref })),
    );
  }

  #queues() {
    const sourceId = this.#sourceId;
    return this.#deps.turn.tables.queues(sourceId).map((ref) => ({ sourceId, ...ref }));
  }

  #destinations() {
    const all = this.#deps.turn.destinations.all();
    return all.filter(({ sourceId }) => sourceId === this.#sourceId).map(({ id }) => id);
  }

  #replays(): readonly string[] {
    const ids = new ReplaysTable(this.#deps.sql).idsOf(this.#sourceId);
    return ids.map((replayId) => formatName({ kind: "replay", replayId }));
  }
}

/** An object that was emptied before, and says so, is as good. */
async function emptied(call: Promise<void>): Promise<LeavingDone> {
  try {
    await call;
    return EMPTIED;
  } catch (error) {
    if (isGoneError(error)) return OVER;
    throw error;
  }
}

function waiting({ code }: BucketFailure): LeavingDone {
  return { isOver: false, waitsFor: code };
}
