import type { DedupStorage } from "./dedup/dedup-storage.ts";

/** Zeros of one row; a row takes 2 MB at most. */
const ROW_BYTES = 1_000_000;

/** Zeros written in one turn, so that requests get theirs in between. */
const TURN_BYTES = 8_000_000;

/** Written beyond what seems to be free, because a page is never filled quite. */
const MARGIN_BYTES = 1_000_000;

/**
 * Overwrites the pages that SQLite has free: it keeps the bytes of what was dropped in them until it
 * needs them for something else. Zeros fill them, and are dropped again. Table `scrub` is empty but
 * for that time; what a kill leaves in it is dropped by the next scrub.
 */
export async function scrubFreePages(
  storage: Pick<DedupStorage, "sql" | "transactionSync">,
  freeBytes: number,
  nextTurn: () => Promise<unknown>,
): Promise<void> {
  for (let left = freeBytes + MARGIN_BYTES; left > 0; left -= TURN_BYTES) {
    storage.transactionSync(() => {
      for (let bytes = Math.min(left, TURN_BYTES); bytes > 0; bytes -= ROW_BYTES) {
        storage.sql.exec("INSERT INTO scrub (zeros) VALUES (zeroblob(?))", ROW_BYTES);
      }
    });
    await nextTurn();
  }
  storage.sql.exec("DELETE FROM scrub");
}
