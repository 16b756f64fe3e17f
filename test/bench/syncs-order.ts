/** What is asked of an object of `syncs.worker.ts`: a diff of a counted table with its state, or a part of the work alone. */
export type Order = {
  readonly what:
    | "accept"
    | "diff"
    | "source"
    | "sums"
    | "pages"
    | "fold"
    | "write-pages"
    | "hash"
    | "clear";
  readonly table: CountedTable;
  readonly engine: "ordered_merge" | "checksum" | "partition_join";
};

/** A table whose n-th row is computed: nothing is stored, nothing is sorted. */
export type CountedTable = {
  readonly rows: number;
  /** Changes rows whose number is a multiple of `changedEvery`. */
  readonly salt: number;
  readonly changedEvery: number;
  /** Rows that are left out at the end. */
  readonly gone: number;
};
