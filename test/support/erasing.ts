import { createHash } from "node:crypto";

import type { EraseLog, ErasedTotals, Rewrite } from "../../src/archive/erase-log.ts";
import type { SealedPart, SpillTable } from "../../src/archive/spool.ts";

/** A log of rewritten files in memory. */
export class MapLog implements EraseLog {
  readonly #rows = new Map<string, Rewrite & { isRecorded: boolean }>();

  writing(rewrite: Rewrite): void {
    this.#rows.set(`${rewrite.key} ${rewrite.after}`, { ...rewrite, isRecorded: false });
  }

  recorded(key: string, after: string): void {
    const row = this.#rows.get(`${key} ${after}`);
    if (row !== undefined) row.isRecorded = true;
  }

  written(): readonly Rewrite[] {
    return [...this.#rows.values()].filter(({ isRecorded }) => !isRecorded);
  }

  totals(): ErasedTotals {
    const rows = [...this.#rows.values()].filter(({ isRecorded }) => isRecorded);
    const lines = rows.map(({ key, before, after }) => `${key} ${before} ${after}\n`).toSorted();
    return {
      filesRewritten: rows.length,
      eventsErased: rows.reduce((sum, { removed }) => sum + removed, 0),
      filesSha256: createHash("sha256").update(lines.join("")).digest("hex"),
    };
  }
}

/** A table of spilled bytes in memory. */
export class MapSpill implements SpillTable {
  readonly rows = new Map<string, SealedPart>();

  write(spool: number, part: number, sealed: SealedPart): void {
    this.rows.set(`${spool}:${part}`, sealed);
  }

  read(spool: number, part: number): SealedPart {
    const sealed = this.rows.get(`${spool}:${part}`);
    if (sealed === undefined) throw new Error("Cannot read the part: it was not written");
    return sealed;
  }

  drop(spool: number): void {
    for (const name of this.rows.keys()) {
      if (name.startsWith(`${spool}:`)) this.rows.delete(name);
    }
  }
}
