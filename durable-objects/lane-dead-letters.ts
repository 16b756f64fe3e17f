import { gzipSync } from "node:zlib";

import { dayOf } from "../src/archive/key.ts";
import { cutoffOf, expiryOf } from "../src/archive/retention.ts";
import type { Subjects } from "../src/archive/subjects.ts";
import {
  DEAD_FILE_EVENTS_MAX,
  DEAD_FILE_MS,
  deadLetterKey,
  deadLetterLine,
  eventInDeadLetter,
  readDeadLetter,
  type DeadLetterOrigin,
} from "../src/deliver/lane/dead-letter.ts";
import { newEntry, type LaneEntry } from "../src/deliver/lane/entry.ts";
import type { LaneStorage } from "../src/deliver/lane/lane-storage.ts";
import type {
  DeadLetterFile,
  DeadLetterQuery,
  FoundDeadLetter,
  LaneConfig,
  LaneForgetting,
} from "../src/deliver/lane/ports.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import { mayHaveLanded } from "../src/s3/failures.ts";
import {
  findLetter,
  linesOf,
  searchLetters,
  type FoundLetter,
  type LetterReading,
} from "./lane-dead-letter-reading.ts";
import { forgetInLane, usersIn } from "./lane-forgetting.ts";
import { DeadLettersTable, type DeadFile, type Gathering } from "./storage/dead-letters-table.ts";

export type DeadLettersDeps = {
  readonly storage: DurableObjectStorage;
  readonly lane: LaneStorage;
  readonly origin: DeadLetterOrigin;
  readonly bucket: (location: ArchiveLocation) => Bucket;
  readonly now: () => number;
  /** After this no PUT can land any more. */
  readonly suspectMs: number;
};

/** Between two tries to write or read a file. */
const RETRY_MS = 15_000;

/**
 * The dead letters of one lane: they gather in its storage, become files in the archive's bucket, all
 * letters of one code together, and can be looked at, searched and sent again from there.
 */
export class LaneDeadLetters {
  readonly #deps: DeadLettersDeps;
  readonly #table: DeadLettersTable;
  #retryAtMs = 0;
  /** As the workspace said last. */
  #retentionDays: LaneConfig["retentionDays"];

  constructor(deps: DeadLettersDeps) {
    this.#deps = deps;
    this.#table = new DeadLettersTable(deps.storage.sql);
  }

  /** When there is something to write, to send again, or to remove because it is old. */
  dueAtMs(): number | undefined {
    const files = this.#table.files();
    if (files.some(({ state }) => state === "sealed" || state === "redriving")) {
      return this.#retryAtMs;
    }
    const times = this.#table
      .gathering(DEAD_FILE_EVENTS_MAX)
      .map(({ firstAtMs }) => firstAtMs + DEAD_FILE_MS);
    const days = this.#retentionDays ?? "unlimited";
    for (const file of files) {
      const isOver = file.state === "redriven";
      if (isOver) times.push(this.#removableAtMs(file));
      else if (days !== "unlimited") {
        times.push(Math.max(expiryOf(days, file.lastAtMs), this.#removableAtMs(file)));
      }
    }
    return times.length === 0 ? undefined : Math.max(this.#retryAtMs, Math.min(...times));
  }

  count(): number {
    return this.#table.count();
  }

  /** Does what is due; what fails is tried again later. */
  async run(config: LaneConfig): Promise<void> {
    const nowMs = this.#deps.now();
    if (nowMs < this.#retryAtMs) return;
    this.#retentionDays = config.retentionDays;
    const isDone =
      (await this.#write(config, nowMs)) &&
      (await this.#sendAgain()) &&
      (await this.#expire(nowMs));
    this.#retryAtMs = isDone ? 0 : nowMs + RETRY_MS;
  }

  /** Takes users out; see `forgetInLane`. */
  forget(subjects: Subjects, fingerprintKey: string): Promise<LaneForgetting> {
    return forgetInLane(subjects, { ...this.#deps, table: this.#table, fingerprintKey });
  }

  list(): readonly DeadLetterFile[] {
    const gathering = this.#table
      .gathering(Number.MAX_SAFE_INTEGER)
      .map(({ code, events, firstAtMs, lastAtMs }) => {
        return { key: "", code, events, firstAtMs, lastAtMs, state: "gathering" as const };
      });
    const files = this.#table.files().flatMap((file) => {
      const { key, code, events, firstAtMs, lastAtMs, state } = file;
      if (state === "redriven") return [];
      const shown = state === "sealed" ? ("gathering" as const) : state;
      return [{ key, code, events, firstAtMs, lastAtMs, state: shown }];
    });
    return [...files, ...gathering];
  }

  /** Letters with their events, those of files first, the oldest first. */
  search(query: DeadLetterQuery): Promise<readonly FoundDeadLetter[]> {
    return searchLetters(query, this.#reading());
  }

  /**
   * The letter of one event that was given up after `sinceMs`; `unknown` when a file cannot be read,
   * or there are too many to read them all.
   */
  find(
    isIt: (seq: number, line: string) => boolean,
    sinceMs: number,
  ): Promise<FoundLetter | "unknown" | undefined> {
    return findLetter(isIt, sinceMs, this.#reading());
  }

  /** Has letters sent again, all or those of one code; how many. Durable when it returns. */
  redrive(code: string | undefined): number {
    const { storage, lane, now } = this.#deps;
    let events = storage.transactionSync(() => this.#table.redrive(code));
    for (const gathering of this.#table.gathering(Number.MAX_SAFE_INTEGER)) {
      if (code !== undefined && gathering.code !== code) continue;
      const entries = this.#table
        .entries(gathering.ids)
        .map(({ seq, line }) => newEntry(seq, line));
      lane.addWaiting(entries, now(), () => this.#table.dropGathering(gathering.ids));
      events += entries.length;
    }
    this.#retryAtMs = 0;
    return events;
  }

  /** Writes files that are due; false when a bucket did not take one. */
  async #write(config: LaneConfig, nowMs: number): Promise<boolean> {
    for (const file of this.#table.files("sealed")) {
      if (!(await this.#put(file, config))) return false;
    }
    for (const gathering of this.#table.gathering(DEAD_FILE_EVENTS_MAX)) {
      if (gathering.firstAtMs + DEAD_FILE_MS > nowMs) continue;
      if (!(await this.#put(this.#seal(gathering, config), config))) return false;
    }
    return true;
  }

  #seal(gathering: Gathering, config: LaneConfig): DeadFile {
    const { storage, origin } = this.#deps;
    const { code, events, firstAtMs, lastAtMs } = gathering;
    const key = deadLetterKey(origin, dayOf(firstAtMs), this.#table.firstId(gathering));
    const users = usersIn(
      this.#table.entries(gathering.ids).map(({ line }) => line),
      config.fingerprintKey,
    );
    storage.transactionSync(() => this.#table.seal(key, gathering, users));
    const nowhere = { tried: [], location: undefined, inDoubtAtMs: undefined };
    return { key, code, events, firstAtMs, lastAtMs, ...nowhere, state: "sealed" };
  }

  /** Tries the source's locations in turn; a file that is there already was written by an earlier try. */
  async #put(file: DeadFile, { archiveLocations }: LaneConfig): Promise<boolean> {
    const { storage, bucket, now } = this.#deps;
    const lines = this.#table
      .entriesOfFile(file.key)
      .map((entry) => deadLetterLine(entry, file.code));
    const gzip = gzipSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
    let tried = file;
    let { inDoubtAtMs } = file;
    for (const location of archiveLocations) {
      const triedAtMs = now();
      this.#table.willTry(tried, location, triedAtMs);
      tried = { ...tried, tried: [...tried.tried, location] };
      await storage.sync();
      const put = await bucket(location).putNew(file.key, gzip, {
        contentType: "text/plain",
        contentEncoding: "gzip",
      });
      if (!put.ok && put.error.kind !== "already-exists") {
        if (mayHaveLanded(put.error)) inDoubtAtMs = triedAtMs;
        continue;
      }
      storage.transactionSync(() => this.#table.stored(file.key, location, inDoubtAtMs));
      return true;
    }
    return false;
  }

  /** Takes files back into what waits, as far as there is room; false when one could not be read. */
  async #sendAgain(): Promise<boolean> {
    const { lane, now } = this.#deps;
    for (const file of this.#table.files("redriving")) {
      if (lane.isOverCap) return false;
      const lines = await linesOf(file, this.#reading());
      if (lines === undefined) return false;
      const entries = lines.flatMap((line): LaneEntry[] => {
        const letter = readDeadLetter(line);
        return letter === undefined ? [] : [newEntry(letter.seq, eventInDeadLetter(line))];
      });
      lane.addWaiting(entries, now(), () => this.#table.setState(file.key, "redriven"));
    }
    for (const file of this.#table.files("redriven")) {
      if (!(await this.#remove(file))) return false;
    }
    return true;
  }

  /** Removes files whose last letter is older than its source keeps files; false when one stayed. */
  async #expire(nowMs: number): Promise<boolean> {
    const beforeMs = cutoffOf(this.#retentionDays ?? "unlimited", nowMs);
    if (beforeMs === undefined) return true;
    for (const file of this.#table.files("stored")) {
      if (file.lastAtMs < beforeMs && !(await this.#remove(file))) return false;
    }
    return true;
  }

  /**
   * Takes a file that is not needed any more out of the bucket, wherever it may stand. It stays while
   * a PUT of it may land yet, because that is refused where something stands.
   */
  async #remove(file: DeadFile): Promise<boolean> {
    if (this.#deps.now() < this.#removableAtMs(file)) return true;
    for (const location of file.tried) {
      const removed = await this.#deps.bucket(location).remove(file.key);
      if (!removed.ok) return false;
    }
    this.#table.remove(file.key);
    return true;
  }

  #removableAtMs({ inDoubtAtMs }: DeadFile): number {
    return inDoubtAtMs === undefined ? 0 : inDoubtAtMs + this.#deps.suspectMs;
  }

  /** Of files that were sent again the events wait in the lane, or are no letters any more. */
  #reading(): LetterReading {
    const files = this.#table.files().filter(({ state }) => state !== "redriven");
    return { table: this.#table, files, bucket: this.#deps.bucket };
  }
}
