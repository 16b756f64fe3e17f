/**
 * The contract between a run, which decides what is sent when, and targets, which know how. A target
 * keeps nothing between calls; it sends under the egress guard of the sync's region.
 */

/** A record as a destination gets it: fields after mapping. */
export type TargetRecord = {
  /** The identifier's value, or values where it has several fields, as text: for results and the log. */
  readonly identifier: string;
  /**
   * The same when the same content of the same record is sent again because nobody knows whether it
   * was taken, for destinations that take such a key.
   */
  readonly idempotencyKey: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** What a batch asks of the destination, for all its records. */
export type TargetOperation = "upsert" | "update" | "insert" | "append" | "delete";

export type RecordResult =
  | { readonly kind: "accepted" }
  /** Left alone as the operation says: exists already (insert), or does not exist (update). */
  | { readonly kind: "skipped" }
  /** Refused; it comes again in the next run. The reason is the vendor's, cut and kept in the region. */
  | { readonly kind: "rejected"; readonly reason: string };

export type BatchResult =
  /** One result a record, in order. */
  | { readonly kind: "answered"; readonly results: readonly RecordResult[] }
  /** The whole call was refused for what was in it: it is split until single records are decided. */
  | { readonly kind: "refused"; readonly reason: string }
  /** May succeed later: network, 408, 423, 429, 5xx but 501. */
  | { readonly kind: "retry"; readonly code: string; readonly retryAfterMs?: number }
  /** Nothing will succeed until somebody changes something (credentials, a missing table). */
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export type TargetField = {
  readonly name: string;
  readonly label: string;
  readonly type:
    | "string"
    | "integer"
    | "decimal"
    | "float"
    | "boolean"
    | "date"
    | "date_time"
    | "json";
  readonly isRequired: boolean;
  /** May tell records apart. */
  readonly isIdentifier: boolean;
  readonly isArray: boolean;
};

export type TargetObject = {
  readonly name: string;
  readonly label: string;
  readonly operations: readonly TargetOperation[];
  /** Whether fields that are not listed may be written too. */
  readonly takesAnyField: boolean;
  /** How many fields together may be the identifier. */
  readonly identifiersMax: number;
};

export type TargetBatch = {
  readonly runId: string;
  readonly syncId: string;
  readonly object: string;
  readonly operation: TargetOperation;
  /** The fields that together are the identifier. */
  readonly identifiers: readonly string[];
  /** Fields that are only filled where the destination has no value yet. */
  readonly preserved: readonly string[];
  readonly records: readonly TargetRecord[];
};

/** A destination of syncs made ready for one workspace. */
export interface Target {
  /** What one call takes at most, and how many calls run at once. */
  readonly limits: {
    readonly records: number;
    readonly bytes: number;
    readonly calls: number;
    readonly recordsPerSecond?: number;
  };
  /** Whether it can leave alone the values that it already has. */
  readonly canPreserve?: boolean;
  /** In named steps, each passed or failed with what to change. */
  test(signal: AbortSignal): Promise<readonly TestStep[]>;
  objects(signal: AbortSignal): Promise<readonly TargetObject[]>;
  fields(object: string, signal: AbortSignal): Promise<readonly TargetField[]>;
  /** How many records the object has now, for a dry run; `undefined` where nobody can say. */
  count?(object: string, signal: AbortSignal): Promise<number | undefined>;
  /** It never throws for what the network or the destination does. */
  send(batch: TargetBatch, signal: AbortSignal): Promise<BatchResult>;
  /** Called once all was sent, for what is written as a whole (a file, a swap). */
  finish?(run: {
    readonly runId: string;
    readonly syncId: string;
    readonly object: string;
  }): Promise<BatchResult>;
  close?(): Promise<void>;
}

export type TestStep = {
  readonly step: string;
  readonly state: "passed" | "failed" | "skipped" | "warned";
  /** What was found and what would be right; it quotes no value of the source or destination. */
  readonly message: string;
};
