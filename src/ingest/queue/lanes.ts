import type { DestinationId } from "../../core/ids.ts";
import type { Sql } from "./queue-log.ts";

/** Where one lane is in the log. */
type Lane = {
  /** It gets the events after this one: those accepted since its destination is on. */
  readonly startSeq: number;
  /** The last event it needs no more, as far as it told. */
  readonly passedSeq: number;
};

/** How far a lane has to come until that is written down; a restart keeps the log that much longer. */
const WRITE_EVENTS = 10_000;

/**
 * The lanes that read one queue's log, and how far each has come. Table `lanes`; synchronous. A row
 * is written when a destination is switched on or off, and about every 10,000 events.
 */
export class QueueLanes {
  readonly #sql: Sql;
  readonly #lanes = new Map<DestinationId, Lane>();
  readonly #written = new Map<DestinationId, number>();
  /** Lanes that said there is nothing more for them, or of which nothing is known since a start. */
  readonly #asleep = new Set<DestinationId>();

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const row of sql.exec("SELECT id, start_seq, passed_seq FROM lanes").toArray()) {
      const id = row["id"] as DestinationId;
      const passedSeq = Number(row["passed_seq"]);
      this.#lanes.set(id, { startSeq: Number(row["start_seq"]), passedSeq });
      this.#written.set(id, passedSeq);
      this.#asleep.add(id);
    }
  }

  /**
   * Takes over which destinations are on; those that are new get what comes after `lastSeq`. Answers
   * the lanes that have to hear of it: new ones, which may hold events from before, and old ones.
   */
  learn(ids: readonly DestinationId[], lastSeq: number): readonly DestinationId[] {
    const changed: DestinationId[] = [];
    for (const id of ids) {
      if (this.#lanes.has(id)) continue;
      this.#write(id, { startSeq: lastSeq, passedSeq: lastSeq });
      this.#asleep.add(id);
      changed.push(id);
    }
    for (const id of this.#lanes.keys()) {
      if (ids.includes(id)) continue;
      this.#sql.exec("DELETE FROM lanes WHERE id = ?", id);
      this.#lanes.delete(id);
      this.#asleep.delete(id);
      changed.push(id);
    }
    return changed;
  }

  /** Where the lane's events begin; `undefined` for a destination that is not on. */
  startOf(id: DestinationId): number | undefined {
    return this.#lanes.get(id)?.startSeq;
  }

  /** The lanes that are on, and after which event each begins. */
  starts(): readonly { readonly destinationId: DestinationId; readonly startSeq: number }[] {
    return Array.from(this.#lanes, ([destinationId, { startSeq }]) => ({
      destinationId,
      startSeq,
    }));
  }

  /** Notes that the lane needs nothing up to `seq` any more. */
  passed(id: DestinationId, seq: number): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined || seq <= lane.passedSeq) return;
    this.#lanes.set(id, { ...lane, passedSeq: seq });
    if (seq - (this.#written.get(id) ?? 0) >= WRITE_EVENTS)
      this.#write(id, { ...lane, passedSeq: seq });
  }

  /** The lane has seen the end of the log and waits to be woken. */
  sleeps(id: DestinationId): void {
    if (this.#lanes.has(id)) this.#asleep.add(id);
  }

  /** Those to wake because there is more for them; each is named once until it sleeps again. */
  toWake(lastSeq: number): readonly DestinationId[] {
    if (this.#asleep.size === 0) return [];
    const awake = [...this.#asleep].filter(
      (id) => (this.#lanes.get(id)?.passedSeq ?? lastSeq) < lastSeq,
    );
    for (const id of awake) this.#asleep.delete(id);
    return awake;
  }

  /** The last event that no lane needs any more; `undefined` when there are no lanes. */
  get passedSeq(): number | undefined {
    if (this.#lanes.size === 0) return undefined;
    return Math.min(...Array.from(this.#lanes.values(), ({ passedSeq }) => passedSeq));
  }

  #write(id: DestinationId, lane: Lane): void {
    this.#lanes.set(id, lane);
    this.#written.set(id, lane.passedSeq);
    this.#sql.exec(
      "INSERT OR REPLACE INTO lanes (id, start_seq, passed_seq) VALUES (?, ?, ?)",
      id,
      lane.startSeq,
      lane.passedSeq,
    );
  }
}
