import type { ChildId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import type {
  Leaving,
  LeavingProgress,
  LeavingState,
  LeavingSubject,
} from "../../src/workspace/leaving.ts";

type LeavingRow = {
  subject: string;
  id: string;
  state: string;
  asked_at_ms: number;
  deletes_at_ms: number;
  progress: string;
  certificate: string | null;
};

/** Tables of a source's rows in the Workspace, and the column that names it. */
const ROWS_OF_SOURCE = [
  ["queues", "source_id"],
  ["delivery_minutes", "source_id"],
  ["delivery_hours", "source_id"],
  ["replays", "source_id"],
  ["suppressions", "source_id"],
  ["alert_states", "subject"],
  ["alerts_raised", "subject"],
  ["destinations", "source_id"],
  ["sources", "id"],
] as const;

/** What is to be deleted: table `leavings`; and the rows that go with it. Synchronous. */
export class LeavingsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(subject: string): Leaving | undefined {
    return this.#read("WHERE subject = ?", subject)[0];
  }

  /** Those that are not over, oldest first. */
  open(): readonly Leaving[] {
    return this.#read("WHERE state <> 'done' ORDER BY asked_at_ms, subject");
  }

  /** Sources whose objects are being emptied. */
  erasing(): readonly LeavingSubject[] {
    return this.#read("WHERE state = 'erasing'").map(({ subject }) => subject);
  }

  /** Those of sources that are over. */
  done(): readonly Leaving[] {
    return this.#read("WHERE state = 'done' ORDER BY subject");
  }

  add({ subject, id, state, askedAtMs, deletesAtMs, progress }: Leaving): void {
    this.#sql.exec(
      `INSERT INTO leavings (subject, id, state, asked_at_ms, deletes_at_ms, progress)
       VALUES (?, ?, ?, ?, ?, ?)`,
      subject,
      id,
      state,
      askedAtMs,
      deletesAtMs,
      JSON.stringify(progress),
    );
  }

  remove(subject: LeavingSubject): void {
    this.#sql.exec("DELETE FROM leavings WHERE subject = ?", subject);
  }

  /** Ends its grace at once, as the deletion of its workspace does. */
  hasten(subject: LeavingSubject, deletesAtMs: number): void {
    this.#sql.exec(
      "UPDATE leavings SET deletes_at_ms = min(deletes_at_ms, ?) WHERE subject = ?",
      deletesAtMs,
      subject,
    );
  }

  save(subject: LeavingSubject, state: LeavingState, progress: LeavingProgress): void {
    this.#sql.exec(
      "UPDATE leavings SET state = ?, progress = ? WHERE subject = ?",
      state,
      JSON.stringify(progress),
      subject,
    );
  }

  certify(subject: LeavingSubject, certificate: string): void {
    this.#sql.exec("UPDATE leavings SET certificate = ? WHERE subject = ?", certificate, subject);
  }

  /** Removes all that the Workspace holds of a source, but what was done: evidence and audit chain. */
  forgetSource(sourceId: string): void {
    const ofDestinations = "(SELECT id FROM destinations WHERE source_id = ?)";
    this.#sql.exec(
      `DELETE FROM destination_secrets WHERE destination_id IN ${ofDestinations}`,
      sourceId,
    );
    this.#sql.exec(`DELETE FROM lanes WHERE destination_id IN ${ofDestinations}`, sourceId);
    for (const table of ["regulation_subjects", "regulation_links"]) {
      this.#sql.exec(
        `DELETE FROM ${table}
         WHERE regulation_id IN (SELECT id FROM regulations WHERE source_id = ?)`,
        sourceId,
      );
    }
    for (const [table, column] of ROWS_OF_SOURCE) {
      this.#sql.exec(`DELETE FROM ${table} WHERE ${column} = ?`, sourceId);
    }
  }

  #read(rest: string, ...bindings: string[]): readonly Leaving[] {
    return this.#sql
      .exec<LeavingRow>(`SELECT * FROM leavings ${rest}`, ...bindings)
      .toArray()
      .map((row) => ({
        id: row.id as ChildId<"job">,
        subject: row.subject as LeavingSubject,
        state: row.state as LeavingState,
        askedAtMs: row.asked_at_ms,
        deletesAtMs: row.deletes_at_ms,
        progress: readStored<LeavingProgress>(row.progress),
        ...(row.certificate === null ? {} : { certificate: row.certificate }),
      }));
  }
}
