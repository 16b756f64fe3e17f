/** Where a field's value comes from. */
export type MappingFrom =
  | { readonly type: "column"; readonly column: string }
  | {
      readonly type: "constant";
      readonly basicType: "text" | "number" | "boolean" | "datetime";
      readonly value: string | number | boolean | null;
    }
  /** A strict Liquid template; columns are `record['name']`. */
  | { readonly type: "template"; readonly template: string }
  /** Hex SHA-256 of the column's text. */
  | { readonly type: "hash"; readonly column: string }
  | {
      readonly type: "sync_metadata";
      readonly key: "sync_id" | "sync_run_id" | "sync_run_started_at";
    };

/** How one field of the destination is filled. */
export type FieldMapping = {
  /** The destination's field. */
  readonly to: string;
  readonly from: MappingFrom;
  /** Whether it is the identifier, or one of the fields that together are. */
  readonly isIdentifier: boolean;
  /** Leaves a value that the destination already has. */
  readonly preserveValues: boolean;
  /** Whether NULL is sent; otherwise the field is left out of the record. */
  readonly syncNullValues: boolean;
  /** Of a field that is an array at the destination. */
  readonly arrayOperation?: "merge" | "overwrite";
};

/** How names of columns become names of fields when all of them are synced. */
export type FieldNormalization =
  | "start_case"
  | "lower_case"
  | "upper_case"
  | "camel_case"
  | "snake_case"
  | "match_source_names";

/** Columns that have no mapping of their own are mapped too, under a name made of theirs. */
export type SyncAll = {
  readonly normalization: FieldNormalization;
  readonly order: "alphabetical_column_name" | "mapping_order";
};
