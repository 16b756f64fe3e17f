/** What has to be done with a row when it is read again. */
export const ROW_MARK = { nothing: 0, insert: 1, update: 2, duplicate: 3 } as const;

/** Rows of which marks are kept in one array: 16 KB. */
const CHUNK_ROWS = 65_536;
const ROWS_PER_BYTE = 4;

/** Two bits for each row of a source, by its number. */
export class RowMarks {
  readonly #chunks: (Uint8Array | undefined)[] = [];
  /** Rows that have a mark. */
  count = 0;

  set(row: number, mark: number): void {
    const chunk = Math.floor(row / CHUNK_ROWS);
    const bytes = (this.#chunks[chunk] ??= new Uint8Array(CHUNK_ROWS / ROWS_PER_BYTE));
    const at = row % CHUNK_ROWS;
    const byte = at >>> 2;
    bytes[byte] = (bytes[byte] ?? 0) | (mark << (2 * (at & 3)));
    this.count += 1;
  }

  of(row: number): number {
    const at = row % CHUNK_ROWS;
    const byte = this.#chunks[Math.floor(row / CHUNK_ROWS)]?.[at >>> 2] ?? 0;
    return (byte >>> (2 * (at & 3))) & 3;
  }
}
