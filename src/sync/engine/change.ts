import type { SourceRow } from "../source/source.ts";

/** What became different since what was accepted before. */
export type Change = {
  readonly kind: "insert" | "update" | "delete";
  /** Hex of the key's hash. */
  readonly keyHash: string;
  /** Hash of the row that is in `row`; of a delete, of the row that was accepted. */
  readonly rowHash: bigint;
  /** The cells of the selection; of a delete, only those of its key, where the state keeps keys. */
  readonly row: SourceRow;
};

/** A row that is never sent: no key, or a key that another row has too. */
export type InvalidRow = {
  readonly reason: "NULL" | "DUPLICATE" | "KEY_TOO_LONG";
  readonly row: SourceRow;
};

/** A piece of a diff, and where to go on after a crash. */
export type DiffPiece = {
  readonly changes: readonly Change[];
  /**
   * What the state has to take over although nothing is sent: a key that is gone and that nobody is told
   * of, a change that the behaviour leaves alone. It is recorded together with the piece's position.
   */
  readonly settled: readonly Accepted[];
  /** As many as were met; what is shown of them is the run's matter. */
  readonly invalid: readonly InvalidRow[];
  /** Invalid rows that were counted and not read. */
  readonly invalidUnread: number;
  readonly read: { readonly rows: number; readonly bytes: number };
  /** Text to begin again after this piece; absent when an engine can only begin anew. */
  readonly position: string | undefined;
};

export type EngineKind = "checksum" | "ordered_merge" | "partition_join";

/** What was accepted: what the next diff compares with. `undefined` for a row that is gone. */
export type Accepted = {
  readonly keyHash: string;
  readonly rowHash: bigint | undefined;
  /** The cells of the key, where the state keeps them (mirror). */
  readonly key?: SourceRow;
  /** The key is gone from the source, and must not be sent if it comes back. */
  readonly isRemembered?: boolean;
};

/** What a behaviour wants to be told, besides keys that are new. */
export type DiffNeeds = {
  /** Whether rows that changed since they were accepted are told; else the state takes them over. */
  readonly updates: boolean;
  /**
   * What becomes of accepted keys that the source does not have any more: they are told as deletes; the
   * state forgets them, so that they are new if they come back; it remembers them, so that they are
   * not; or nothing, because the source shows only a part of its rows.
   */
  readonly gone: "delete" | "forget" | "remember" | "ignore";
};
