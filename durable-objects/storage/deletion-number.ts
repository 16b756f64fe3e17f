import { RestoreGuard } from "../restore-guard.ts";

/** The name of the row in an object's table `state`. */
const DELETION = "deletion";

/** A guard whose number stands in the object's table `state`. */
export function guardOf(sql: SqlStorage, tell: (number: number) => Promise<void>): RestoreGuard {
  return new RestoreGuard({
    read: () => {
      const [row] = sql
        .exec<{ value: string }>("SELECT value FROM state WHERE name = ?", DELETION)
        .toArray();
      return row === undefined ? undefined : Number(row.value);
    },
    write: (number) => {
      sql.exec(
        "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
        DELETION,
        String(number),
      );
    },
    tell,
    now: () => Date.now(),
  });
}
