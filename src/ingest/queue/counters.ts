import type { Sql } from "./queue-log.ts";

/** Steps whose counts cannot be derived from the log itself. */
export type CountedStep = "duplicate" | "refused" | "noted";

/** Codes of what a workspace does not want: suppressed users, and what a source's schema stops. */
const MEANT: readonly string[] = ["suppressed", "event_setting", "unplanned"];

/**
 * Counts of what was not stored. The next commit of events carries them in its transaction; where
 * none comes they are written a few seconds later, so that a refusal alone costs no commit. A crash
 * in between loses those seconds of counts, and nothing else.
 */
export class Counters {
  readonly #sql: Sql;
  #pending = new Map<string, number>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  add(step: CountedStep, code: string, count: number): void {
    if (count <= 0) return;
    const name = `${step} ${code}`;
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + count);
  }

  /** Writes what is pending: one row for each step and code. */
  write(): void {
    for (const [name, count] of this.#pending) {
      const [step = "", code = ""] = name.split(" ", 2);
      this.#sql.exec(
        `INSERT INTO counters (step, code, count) VALUES (?, ?, ?)
         ON CONFLICT (step, code) DO UPDATE SET count = count + excluded.count`,
        step,
        code,
        count,
      );
    }
    this.#pending = new Map();
  }

  /** Beside what was accepted, what was refused, but for what its workspace wants to be. */
  totals(accepted: number): { readonly accepted: number; readonly refused: number } {
    const refused = this.read()
      .filter(({ step, code }) => step === "refused" && !MEANT.includes(code))
      .reduce((sum, { count }) => sum + count, 0);
    return { accepted, refused };
  }

  /** All counts, pending ones included. */
  read(): readonly { step: CountedStep; code: string; count: number }[] {
    const totals = new Map<string, number>(this.#pending);
    const rows = this.#sql
      .exec<{ step: string; code: string; count: number }>("SELECT step, code, count FROM counters")
      .toArray();
    for (const { step, code, count } of rows) {
      const name = `${step} ${code}`;
      totals.set(name, (totals.get(name) ?? 0) + count);
    }
    return [...totals]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => {
        const [step, code = ""] = name.split(" ", 2);
        return { step: step as CountedStep, code, count };
      });
  }
}
