import { readStored } from "../../src/core/stored-json.ts";
import { LaneStorage, type BlockEnd } from "../../src/deliver/lane/lane-storage.ts";
import type { Cursor, ReplayFile, ReplayFiles } from "../../src/replay/replay-files.ts";

/**
 * What a replay keeps of events on their way. What a destination gives up is counted and not kept: it
 * stands in the archive, from where it can be sent again.
 */
export class ReplayStorage extends LaneStorage {
  override settle(end: BlockEnd, nowMs: number): void {
    const settlements = end.settlements.filter(({ kind }) => kind !== "dead");
    super.settle({ ...end, settlements }, nowMs);
  }

  /** Goes back to that line, with nothing waiting. */
  goBackTo(position: number, nowMs: number): void {
    this.dropWaiting();
    this.settle({ ids: [], position, settlements: [] }, nowMs);
  }

  /** The first line of which an event waits. */
  firstWaiting(): number | undefined {
    let first: number | undefined;
    for (const { entries } of this.allWaiting()) {
      for (const { seq } of entries) first = Math.min(first ?? seq, seq);
    }
    return first;
  }
}

type FileRow = { first_seq: number; body: string; is_done: number };

/** Table `files`, and the cursor among the states. Synchronous. */
export class ReplayFilesTable implements ReplayFiles {
  readonly #storage: DurableObjectStorage;
  readonly #lane: LaneStorage;

  constructor(storage: DurableObjectStorage, lane: LaneStorage) {
    this.#storage = storage;
    this.#lane = lane;
  }

  current(): ReplayFile | undefined {
    return this.#read("WHERE is_done = 0 ORDER BY first_seq DESC LIMIT 1")[0];
  }

  cursor(): Cursor {
    return readStored<Cursor>(this.#lane.state("cursor") ?? "{}");
  }

  begin(found: Omit<ReplayFile, "firstSeq">, firstSeq: number): ReplayFile {
    const file = { ...found, firstSeq };
    this.#storage.transactionSync(() => {
      // Files of which nothing waits any more are not gone back to.
      if (this.#lane.waitingEvents === 0) this.#storage.sql.exec("DELETE FROM files");
      this.#storage.sql.exec(
        "INSERT OR REPLACE INTO files (first_seq, body, is_done) VALUES (?, ?, 0)",
        firstSeq,
        JSON.stringify(file),
      );
      this.#lane.setState("cursor", JSON.stringify(file.after));
    });
    return file;
  }

  finish({ firstSeq }: ReplayFile): void {
    this.#storage.sql.exec("UPDATE files SET is_done = 1 WHERE first_seq = ?", firstSeq);
    this.#lane.setState("files", String(this.filesDone() + 1));
  }

  filesDone(): number {
    return Number(this.#lane.state("files") ?? 0);
  }

  /** Goes back to before the file that has that line; its number before the first of its lines. */
  rewindTo(seq: number): number | undefined {
    const [file] = this.#read("WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1", seq);
    if (file === undefined) return undefined;
    const query = "SELECT count(*) AS n FROM files WHERE first_seq >= ? AND is_done = 1";
    const done = this.#storage.sql.exec<{ n: number }>(query, file.firstSeq).one().n;
    this.#storage.sql.exec("DELETE FROM files WHERE first_seq >= ?", file.firstSeq);
    this.#lane.setState("cursor", JSON.stringify(file.before));
    this.#lane.setState("files", String(this.filesDone() - done));
    return file.firstSeq - 1;
  }

  #read(rest: string, ...bindings: number[]): readonly ReplayFile[] {
    return this.#storage.sql
      .exec<FileRow>(`SELECT first_seq, body, is_done FROM files ${rest}`, ...bindings)
      .toArray()
      .map(({ body }) => readStored<ReplayFile>(body));
  }
}
