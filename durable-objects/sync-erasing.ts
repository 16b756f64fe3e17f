import type { Config } from "../src/config.ts";
import { scrubStorage } from "../src/core/scrub-storage.ts";
import { readStored } from "../src/core/stored-json.ts";
import { sqlState } from "../src/deliver/postgres/failure.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { StoreDeletion, StoreErased } from "../src/regulation/stores.ts";
import { RowHasher } from "../src/sync/engine/row-hash.ts";
import { eraseLogs } from "../src/sync/report/erase-log.ts";
import { sweepFiles } from "../src/sync/report/sweep-files.ts";
import { diffPrefix } from "../src/sync/run/diff-files.ts";
import type { LogRecord } from "../src/sync/run/run.ts";
import type { ConnectionConfig, SyncConfig } from "../src/sync/ports.ts";
import type { ConnectionId, Sync } from "../src/sync/sync.ts";
import { SyncForgetting } from "./storage/sync-forgetting.ts";
import type { SyncWork } from "./sync-work.ts";
import { sourceLogOf } from "./sync-reporting.ts";
import { homeBuckets, unloadBucket } from "./sync-buckets.ts";
import { seedsOf } from "./sync-seeds.ts";
import { forgetUnloads, unloads } from "./sync-unloads.ts";

export type SyncErasingDeps = {
  readonly ctx: DurableObjectState;
  readonly config: Config;
  readonly observer: EgressObserver;
  readonly work: SyncWork;
  /** What the sync is and reads from; `undefined` when it or its source is gone. */
  readonly configOf: () => Promise<SyncConfig | undefined>;
  /** A connection whose bucket took changed rows; `undefined` when it is gone. */
  readonly connectionOf: (id: ConnectionId) => Promise<ConnectionConfig | undefined>;
};

/** Of one call; the regulation asks again. */
const SLICE_MS_MAX = 15_000;

/**
 * Where a deletion is: in the object, then in the log in the source, in the reports in the bucket, and
 * last in changed rows that runs left behind; until then no write can land any more that was sent
 * before the deletion began.
 */
type Position = {
  readonly step: "object" | "source" | "reports" | "files";
  readonly at?: string;
  /** Why a step could not be done, and never will. */
  readonly failed?: string;
};

/** What a server says that will not change by itself: no such user, database or right. */
const FINAL = /^(?:28|3D|42)/;

/** Tables that hold records, or keys that somebody asked for, rebuilt so that no gap of a page keeps one. */
const RECORD_TABLES = ["state", "samples", "log_parts"];
/** Tables that hold keys, but only those of a mirror; of all others they hold hashes. */
const KEY_TABLES = ["state_pages", "state_chunks"];

/** Users in what one sync keeps, taken out. */
export class SyncErasing {
  readonly #deps: SyncErasingDeps;

  constructor(deps: SyncErasingDeps) {
    this.#deps = deps;
  }

  /** One slice. A run that is under way has diff files in hand, so it is ended first. */
  async erase(deletion: StoreDeletion, sync: Sync): Promise<StoreErased> {
    const { work } = this.#deps;
    const position: Position =
      deletion.position === undefined
        ? { step: "object" }
        : readStored<Position>(deletion.position);
    if (work.storage.current() !== undefined) {
      work.cancel();
      return { isOver: false, position: JSON.stringify(position), erased: 0 };
    }
    if (position.step === "object") {
      return this.#eraseHere(deletion, sync, position);
    }
    if (position.step === "source") return this.#eraseSource(deletion, sync);
    if (position.step === "files") return this.#eraseFiles(sync, position);
    return this.#eraseReports(deletion, sync, position);
  }

  async #eraseHere(deletion: StoreDeletion, sync: Sync, position: Position): Promise<StoreErased> {
    const { ctx, work } = this.#deps;
    const isAbout = aboutOneOf(deletion);
    const forgetting = new SyncForgetting(ctx.storage, isAbout);
    const records = (await forgetting.samples()) + (await forgetting.logParts());
    // Both gave others their turn, in which a run may have begun that needs what it has spilled.
    if (work.storage.current() !== undefined) {
      return { isOver: false, position: JSON.stringify(position), erased: records };
    }
    const keys = this.#keysOf(deletion, sync);
    const entries = work.storage.transaction(() => {
      work.clearSpill();
      return work.state.erase(keys);
    });
    await scrubStorage(ctx.storage, {
      tables: sync.behaviour === "mirror" ? [...RECORD_TABLES, ...KEY_TABLES] : RECORD_TABLES,
      freeBytes: work.storage.freeBytes,
      copied: () => work.storage.notePeak(),
      nextTurn: () => scheduler.wait(0),
    });
    const next: Position = { step: "source" };
    return { isOver: false, position: JSON.stringify(next), erased: records + entries };
  }

  /** A log in a source that does not answer is tried again, for as long as the request allows. */
  async #eraseSource(deletion: StoreDeletion, sync: Sync): Promise<StoreErased> {
    const config = await this.#deps.configOf();
    const log = config === undefined ? undefined : sourceLogOf(this.#deps, config);
    const at = (position: Position, erased = 0): StoreErased => ({
      isOver: false,
      position: JSON.stringify(position),
      erased,
    });
    if (log === undefined) return at({ step: "reports" });
    try {
      return at({ step: "reports" }, await log.erase(sync.id, usersOf(deletion)));
    } catch (error) {
      const isRefused = FINAL.test(sqlState(error) ?? "");
      return at(isRefused ? { step: "reports", failed: "source_refused" } : { step: "source" });
    } finally {
      await log.close().catch(() => undefined);
    }
  }

  async #eraseReports(
    deletion: StoreDeletion,
    sync: Sync,
    position: Position,
  ): Promise<StoreErased> {
    const { config } = this.#deps;
    const untilMs = Date.now() + SLICE_MS_MAX;
    const buckets = homeBuckets({ ...this.#deps, id: sync.id });
    const users = usersOf(deletion);
    const slice = {
      position: position.at,
      isOver: () => Date.now() >= untilMs,
      now: () => Date.now(),
      lateMs: config.failover.suspectMs,
    };
    const answer = await eraseLogs(buckets, sync.id, users, slice);
    const erased = answer.counts.eventsErased;
    const isDone = answer.kind === "refused" || (answer.kind === "slice" && answer.isOver);
    const failed = answer.kind === "refused" ? answer.code : position.failed;
    const next: Position = {
      step: isDone ? "files" : "reports",
      ...(failed === undefined ? {} : { failed }),
      ...(isDone || answer.position === undefined ? {} : { at: answer.position }),
    };
    return { isOver: false, position: JSON.stringify(next), erased };
  }

  /** Nobody knows whose rows are in a file that a run left behind, so that it goes whole. */
  async #eraseFiles(sync: Sync, position: Position): Promise<StoreErased> {
    const { work, connectionOf } = this.#deps;
    const { storage } = work;
    const buckets = [...homeBuckets({ ...this.#deps, id: sync.id })];
    const known = unloads(storage);
    const gone: ConnectionId[] = [];
    for (const id of new Set([...known, ...(sync.unload === undefined ? [] : [sync.unload])])) {
      const connection = await connectionOf(id);
      if (connection !== undefined) buckets.push(unloadBucket(this.#deps, connection));
      else if (known.includes(id)) gone.push(id);
    }
    const prefix = diffPrefix(sync.id);
    const { removed, isLeft, refused } = await sweepFiles({
      buckets,
      prefixes: [prefix],
      madeAtMs: () => undefined,
      beforeMs: Number.POSITIVE_INFINITY,
      isInUse: (key) => key.startsWith(`${prefix}${storage.current()?.id ?? " "}/`),
    });
    if (isLeft && refused === undefined) {
      return { isOver: false, position: JSON.stringify(position), erased: removed };
    }
    forgetUnloads(storage, gone);
    const failed = position.failed ?? refused ?? (gone.length > 0 ? "unload_gone" : undefined);
    return { isOver: true, erased: removed, ...(failed === undefined ? {} : { failed }) };
  }

  /** Hashes of keys that are the users' ids. */
  #keysOf({ subjectType, subjectIds, linkedAnonymousIds }: StoreDeletion, sync: Sync): string[] {
    // It says that they were deleted there, without which they would be with every run.
    if (sync.behaviour === "delete") return [];
    const { userIdColumn, anonymousIdColumn } = sync.users;
    const [column, ...others] = sync.key;
    if (column === undefined || others.length > 0) return [];
    const ids = [
      ...(subjectType === "USER_ID" && column === userIdColumn ? subjectIds : []),
      ...(subjectType === "ANONYMOUS_ID" && column === anonymousIdColumn ? subjectIds : []),
      ...(column === anonymousIdColumn ? linkedAnonymousIds : []),
    ];
    const hasher = new RowHasher(seedsOf(this.#deps.work.storage), [0]);
    return ids.flatMap((id) => hasher.hashKey([id]) ?? []);
  }
}

function usersOf({ subjectType: type, subjectIds, linkedAnonymousIds }: StoreDeletion) {
  return { type, ids: new Set(subjectIds), linked: new Set(linkedAnonymousIds) };
}

function aboutOneOf(deletion: StoreDeletion): (record: LogRecord) => boolean {
  const { subjectType, subjectIds, linkedAnonymousIds } = deletion;
  const users = new Set(subjectType === "USER_ID" ? subjectIds : []);
  const anonymous = new Set([
    ...(subjectType === "ANONYMOUS_ID" ? subjectIds : []),
    ...linkedAnonymousIds,
  ]);
  return ({ user: { userId, anonymousId } }) =>
    (userId !== undefined && users.has(userId)) ||
    (anonymousId !== undefined && anonymous.has(anonymousId));
}
