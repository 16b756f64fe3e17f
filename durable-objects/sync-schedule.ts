import { readStored } from "../src/core/stored-json.ts";
import { nextRun } from "../src/sync/schedule/schedule.ts";
import type { Schedule, Sync } from "../src/sync/sync.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

const SCHEDULE = "schedule";
/** Since when it holds: a schedule says nothing of the time before somebody set it. */
const SINCE = "schedule-since";

/** The schedule as the workspace last said it. */
export class SyncSchedule {
  readonly #storage: SyncStorage;

  constructor(storage: SyncStorage) {
    this.#storage = storage;
  }

  /** Takes it over; a sync that is paused has none. */
  take({ schedule, isPaused }: Pick<Sync, "schedule" | "isPaused">, nowMs: number): void {
    const text = JSON.stringify(isPaused ? { kind: "manual" } : schedule);
    if (this.#storage.get(SCHEDULE) === text) return;
    this.#storage.transaction(() => {
      this.#storage.set(SCHEDULE, text);
      this.#storage.set(SINCE, String(nowMs));
    });
  }

  drop(): void {
    this.#storage.forget(SCHEDULE);
    this.#storage.forget(SINCE);
  }

  nextRunAtMs(lastStartedAtMs: number | undefined, nowMs: number): number | undefined {
    const text = this.#storage.get(SCHEDULE);
    if (text === undefined) return undefined;
    const sinceMs = Number(this.#storage.get(SINCE) ?? nowMs);
    const fromMs = Math.max(sinceMs, lastStartedAtMs ?? 0);
    return nextRun(readStored<Schedule>(text), fromMs, lastStartedAtMs);
  }
}
