import { readStored } from "../src/core/stored-json.ts";
import { ALERTS_DEFAULT, ALERT_RUNS_MAX, type SyncAlert } from "../src/sync/alerts/alert.ts";
import {
  endEvents,
  noticeOf,
  noticeOfAlert,
  type SyncEvent,
  type SyncNotice,
} from "../src/sync/alerts/notice.ts";
import { weighSyncAlerts, type Moment, type OpenAlert } from "../src/sync/alerts/weigh.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { SyncHistory } from "./storage/sync-history.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

/** Notices that wait for their workspace; the oldest go first when it does not answer for long. */
const WAITING_MAX = 200;

/** When what the workspace did not take is told it again. */
const TELL_AGAIN_MS = 30_000;

/** Why a sync is not gone on with before that. */
export type Due = { readonly atMs: number };

/** Which run has begun and is not known to have ended. */
const BEGUN = "begun-run";
/** Runs that ended, of which the workspace does not know. */
const ENDED = "ended-runs";
const NOTICES = "notices";
const OPEN = "open-alerts";
const WANTED = "alerts";

export type SyncTellingDeps = {
  readonly storage: SyncStorage;
  readonly history: SyncHistory;
  /** Has the workspace take them; it knows them by their ids. */
  readonly take: (notices: readonly SyncNotice[]) => Promise<void>;
  /** Tells the workspace that a run ended, so that syncs that come after it begin. */
  readonly end: (run: SyncRun) => Promise<void>;
};

/**
 * What a workspace is told of a sync's runs. It is written down in the turn in which it happened and
 * struck out once the workspace has it, so that a kill tells something twice and never not at all.
 */
export class SyncTelling {
  readonly #deps: SyncTellingDeps;

  constructor(deps: SyncTellingDeps) {
    this.#deps = deps;
  }

  /** Keeps which alerts the sync wants. */
  want(alerts: readonly SyncAlert[] | undefined): void {
    const { storage } = this.#deps;
    if (alerts === undefined) storage.forget(WANTED);
    else storage.set(WANTED, JSON.stringify(alerts));
  }

  /** A run is about to begin; part of the turn in which it does. */
  begun(run: SyncRun): void {
    this.settle();
    this.#deps.storage.set(BEGUN, run.id);
    if (isTold(run)) this.#add([noticeOf("sync.triggered", run, Date.now())]);
  }

  started(run: SyncRun): void {
    this.#weigh("started", run, ["sync.started"]);
  }

  running(run: SyncRun): void {
    this.#weigh("running", run, []);
  }

  /** Notes the end of a run that has ended, also when a kill came between the two. */
  settle(): void {
    const { storage } = this.#deps;
    const id = storage.get(BEGUN);
    const run = id === undefined ? undefined : storage.find(id);
    if (run?.endedAtMs === undefined) return;
    storage.transaction(() => {
      this.#weigh("ended", run, endEvents(run));
      storage.forget(BEGUN);
      storage.set(ENDED, JSON.stringify([...this.#ended(), run.id].slice(-WAITING_MAX)));
    });
  }

  get #isWaiting(): boolean {
    const { storage } = this.#deps;
    return storage.get(NOTICES) !== undefined || storage.get(ENDED) !== undefined;
  }

  /** Tells the workspace what it does not know; when to try again, if it does not answer. */
  async tell(): Promise<Due | undefined> {
    if (!this.#isWaiting) return undefined;
    try {
      await this.#push();
      return undefined;
    } catch {
      return { atMs: Date.now() + TELL_AGAIN_MS };
    }
  }

  async #push(): Promise<void> {
    const { storage, take, end } = this.#deps;
    const notices = this.#waiting();
    if (notices.length > 0) {
      await take(notices);
      const told = new Set(notices.map(({ id }) => id));
      this.#keep(this.#waiting().filter(({ id }) => !told.has(id)));
    }
    for (const id of this.#ended()) {
      const run = storage.find(id);
      if (run !== undefined) await end(run);
      const others = this.#ended().filter((each) => each !== id);
      if (others.length === 0) storage.forget(ENDED);
      else storage.set(ENDED, JSON.stringify(others));
    }
  }

  #weigh(moment: Moment, run: SyncRun, events: readonly SyncEvent[]): void {
    if (!isTold(run)) return;
    const { storage, history } = this.#deps;
    const nowMs = Date.now();
    const earlier = moment === "ended" ? history.completedBefore(run.number, ALERT_RUNS_MAX) : [];
    const { open, turns } = weighSyncAlerts(this.#wanted(), this.#open(), moment, {
      run,
      earlier,
      nowMs,
    });
    storage.transaction(() => {
      if (open.length === 0) storage.forget(OPEN);
      else storage.set(OPEN, JSON.stringify(open));
      this.#add([
        ...events.map((event) => noticeOf(event, run, nowMs)),
        ...turns.map((turn) => noticeOfAlert(turn, run, nowMs)),
      ]);
    });
  }

  #wanted(): readonly SyncAlert[] {
    const text = this.#deps.storage.get(WANTED);
    return text === undefined ? ALERTS_DEFAULT : readStored<readonly SyncAlert[]>(text);
  }

  #open(): readonly OpenAlert[] {
    const text = this.#deps.storage.get(OPEN);
    return text === undefined ? [] : readStored<readonly OpenAlert[]>(text);
  }

  #ended(): readonly string[] {
    const text = this.#deps.storage.get(ENDED);
    return text === undefined ? [] : readStored<readonly string[]>(text);
  }

  #waiting(): readonly SyncNotice[] {
    const text = this.#deps.storage.get(NOTICES);
    return text === undefined ? [] : readStored<readonly SyncNotice[]>(text);
  }

  #add(notices: readonly SyncNotice[]): void {
    if (notices.length === 0) return;
    const waiting = this.#waiting();
    const known = new Set(waiting.map(({ id }) => id));
    this.#keep([...waiting, ...notices.filter(({ id }) => !known.has(id))]);
  }

  #keep(notices: readonly SyncNotice[]): void {
    const { storage } = this.#deps;
    if (notices.length === 0) storage.forget(NOTICES);
    else storage.set(NOTICES, JSON.stringify(notices.slice(-WAITING_MAX)));
  }
}

/** A dry run and a test are somebody's own, and a skipped run is none. */
function isTold({ kind, state }: SyncRun): boolean {
  return kind === "sync" && state !== "skipped";
}
