import type { Result } from "../../core/result.ts";
import type { SourceRow } from "../source/source.ts";

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
  readonly arrayOperation?: "merge" | "overwrite" | undefined;
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

/** What a template or metadata may know of the run. */
export type RunMeta = {
  readonly syncId: string;
  readonly runId: string;
  readonly startedAtMs: number;
};

/** A sync's mappings made ready: rows become the records of its destination. */
export interface RecordMapper {
  /** The columns to read and hash, the key's first; `rowOf` and `deletionOf` take cells in this order. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** The destination's fields that together are the identifier. */
  readonly identifiers: readonly string[];
  /** Fields that are only filled where the destination has no value yet. */
  readonly preserved: readonly string[];
  /** Changes when the same row would become another record: fields, constants, templates. */
  readonly contract: string;
  /** Whom a row is about, as far as its cells say; of a row that is gone only its key's are there. */
  userOf(row: SourceRow): RowUser;
  /** The record of a row, or why there is none, in words that quote no value. */
  recordOf(row: SourceRow, meta: RunMeta): Result<MappedRecord, string>;
  /**
   * The record of a row that is gone, made of its key's cells: its identifier alone, or with every
   * mapped field null.
   */
  deletionOf(
    key: SourceRow,
    strategy: "delete" | "null",
    meta: RunMeta,
  ): Result<MappedRecord, string>;
}

/** Whom a row is about, by the columns that the sync says hold users' ids. */
export type RowUser = {
  readonly userId: string | undefined;
  readonly anonymousId: string | undefined;
};

export type MappedRecord = {
  /** The identifier's value or values, as text. */
  readonly identifier: string;
  readonly fields: Readonly<Record<string, unknown>>;
};
