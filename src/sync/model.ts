/** What is read of a connection: a table, a query, or a folder of files. */
export type Model =
  | { readonly kind: "table"; readonly schema: string; readonly name: string }
  | { readonly kind: "query"; readonly sql: string }
  | {
      readonly kind: "folder";
      readonly prefix: string;
      readonly format: "csv" | "ndjson" | "parquet";
      /** `newest`: the newest file is the whole table; `all`: all files together are. */
      readonly files: "newest" | "all";
    };
