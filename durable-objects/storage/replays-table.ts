import { readStored } from "../../src/core/stored-json.ts";
import type { SourceId } from "../../src/core/ids.ts";
import type { ReplayId } from "../../src/replay/replay.ts";
import type { HeldReplay } from "../../src/workspace/replay-ports.ts";

type ReplayRow = { position: number; body: string };

/** What was asked to be sent again: table `replays`. How each stands, its own object knows. */
export class ReplaysTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add(replay: HeldReplay): void {
    const { id, sourceId, destinationId } = replay.spec;
    this.#sql.exec(
      "INSERT INTO replays (id, source_id, destination_id, body) VALUES (?, ?, ?, ?)",
      id,
      sourceId,
      destinationId,
      JSON.stringify(replay),
    );
  }

  find(id: string): HeldReplay | undefined {
    return this.#read("WHERE id = ?", id)[0];
  }

  /** Every replay there ever was of a source. */
  idsOf(sourceId: SourceId): readonly ReplayId[] {
    return this.#sql
      .exec<{ id: ReplayId }>("SELECT id FROM replays WHERE source_id = ?", sourceId)
      .toArray()
      .map(({ id }) => id);
  }

  /** Newest first, those before `after`. */
  page(after: string | undefined, max: number): readonly HeldReplay[] {
    return this.#read(
      `WHERE position < coalesce((SELECT position FROM replays WHERE id = ?), 9e15)
       ORDER BY position DESC LIMIT ?`,
      after ?? "",
      max,
    );
  }

  #read(rest: string, ...bindings: (string | number)[]): readonly HeldReplay[] {
    return this.#sql
      .exec<ReplayRow>(`SELECT position, body FROM replays ${rest}`, ...bindings)
      .toArray()
      .map(({ body }) => readStored<HeldReplay>(body));
  }
}
