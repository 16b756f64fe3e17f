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
import type { SyncContract } from "../src/sync/run/contract.ts";
import type { LogRecord } from "../src/sync/run/run.ts";
import type { SourceRow } from "../src/sync/source/source.ts";
import type { ConnectionConfig, SyncConfig } from "../src/sync/ports.ts";
import type { ConnectionId, Sync } from "../src/sync/sync.ts";
import { KEY_TABLES, SyncForgetting } from "./storage/sync-forgetting.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
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
      return { isOver: false, position: goOn(position), erased: 0 };
    }
    if (position.step === "object") return this.#eraseHere(deletion, sync, position);
    if (position.step === "source") return this.#eraseSource(deletion, sync);
    if (position.step === "files") return this.#eraseFiles(sync, position);
    return this.#eraseReports(deletion, sync, position);
  }

  async #eraseHere(deletion: StoreDeletion, sync: Sync, position: Position): Promise<StoreErased> {
    const { ctx, work } = this.#deps;
    const isAbout = aboutOneOf(deletion);
    const forgetting = new SyncForgetting(ctx.storage, isAbout);
    const records = (await forgetting.samples()) + (await forgetting.logParts());
    const untilMs = Date.now() + SLICE_MS_MAX;
    const theirs = this.#keysOf(deletion, sync);
    const found = await forgetting.keys(theirs.has, position.at, () => Date.now() >= untilMs);
    // All of it gave others their turn, in which a run may have begun that needs what it has spilled.
    if (work.storage.current() !== undefined) {
      return { isOver: false, position: goOn(position), erased: records };
    }
    const hasKeys = sync.behaviour === "mirror" || forgetting.hasKeys();
    const entries = work.storage.transaction(() => {
      work.clearSpill();
      return work.state.erase([...theirs.hashes, ...found.hashes]);
    });
    const erased = records + entries;
    if (found.next !== undefined) {
      const here: Position = { step: "object", at: found.next };
      return { isOver: false, position: JSON.stringify(here), erased };
    }
    await scrubStorage(ctx.storage, {
      tables: hasKeys ? [...RECORD_TABLES, ...KEY_TABLES] : RECORD_TABLES,
      freeBytes: work.storage.freeBytes,
      copied: () => work.storage.notePeak(),
      nextTurn: () => scheduler.wait(0),
    });
    const next: Position = { step: "source" };
    return { isOver: false, position: JSON.stringify(next), erased };
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

  /** Keys that are the users': by their hashes, and as far as they are kept by their cells. */
  #keysOf({ subjectType, subjectIds, linkedAnonymousIds }: StoreDeletion, sync: Sync): TheirKeys {
    // It says that they were deleted there, without which they would be with every run.
    if (sync.behaviour === "delete") return { hashes: [], has: () => false };
    const { storage } = this.#deps.work;
    const key = keptKey(storage) ?? sync.key;
    const { userIdColumn, anonymousIdColumn } = sync.users;
    const of = (column: string | undefined, ids: readonly string[]): KeyIds => ({
      at: column === undefined ? -1 : key.indexOf(column),
      ids: new Set(ids),
    });
    const kinds = [
      of(userIdColumn, subjectType === "USER_ID" ? subjectIds : []),
      of(anonymousIdColumn, subjectType === "ANONYMOUS_ID" ? subjectIds : []),
      of(anonymousIdColumn, linkedAnonymousIds),
    ].filter(({ at }) => at >= 0);
    const hasher = new RowHasher(seedsOf(storage), [0]);
    const ids = key.length === 1 ? kinds.flatMap((kind) => [...kind.ids]) : [];
    return {
      hashes: ids.flatMap((id) => hasher.hashKey([id]) ?? []),
      has: (cells) => kinds.some((kind) => kind.ids.has(cells[kind.at] ?? "")),
    };
  }
}

type KeyIds = { readonly at: number; readonly ids: ReadonlySet<string> };

type TheirKeys = {
  readonly hashes: readonly string[];
  readonly has: (key: SourceRow) => boolean;
};

/** The columns of the keys that are kept, which are others than the sync's while nobody ran it since. */
function keptKey(storage: SyncStorage): readonly string[] | undefined {
  const text = storage.get("contract");
  if (text === undefined) return undefined;
  return readStored<readonly string[]>(readStored<SyncContract>(text).key);
}

/** The position after a run was in the way: what it changed in the object is gone through anew. */
function goOn(position: Position): string {
  const next: Position = position.step === "object" ? { step: "object" } : position;
  return JSON.stringify(next);
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
