import type { SourceRow } from "../source/source.ts";
import type { DiffNeeds } from "./change.ts";
import type { PieceBuilder } from "./piece-builder.ts";

/** Characters of a key as JSON that the state takes: a page of it has to fit a row of the database. */
export const KEY_CHARS_MAX = 100_000;

/** What was accepted of a key. */
export type Known = {
  readonly keyHash: string;
  readonly rowHash: bigint;
  readonly isRemembered: boolean;
  readonly key: SourceRow | undefined;
};

/** What the source has of a key now. */
export type Found = { readonly keyHash: string; readonly rowHash: bigint };

/** What has to be done about a key that the source has once. */
export type Verdict = "insert" | "update" | "settle" | "nothing";

/** @param isFull whether everything is told, changed or not. */
export function verdictOf(
  { rowHash }: Pick<Found, "rowHash">,
  known: Pick<Known, "rowHash" | "isRemembered"> | undefined,
  { updates }: DiffNeeds,
  isFull: boolean,
): Verdict {
  if (known === undefined) return "insert";
  if (known.isRemembered) return "settle";
  if (isFull) return "update";
  if (known.rowHash === rowHash) return "nothing";
  return updates ? "update" : "settle";
}

/** Tells, settles or leaves alone a key that was accepted and that the source has no more. */
export function takeGone(piece: PieceBuilder, known: Known, { gone }: DiffNeeds): void {
  const { keyHash, rowHash, isRemembered, key } = known;
  if (isRemembered || gone === "ignore") return;
  if (gone === "delete") {
    piece.change({ kind: "delete", keyHash, rowHash, row: key ?? [] });
  } else if (gone === "remember") {
    piece.settle({ keyHash, rowHash, isRemembered: true, ...withKey(key) });
  } else {
    piece.settle({ keyHash, rowHash: undefined });
  }
}

/** Tells of a row, or has the state take it over. */
export function takeRow(
  piece: PieceBuilder,
  found: Found & { readonly row: SourceRow },
  verdict: Verdict,
  key: SourceRow | undefined,
): void {
  const { keyHash, rowHash, row } = found;
  if (verdict === "settle") piece.settle({ keyHash, rowHash, ...withKey(key) });
  else if (verdict !== "nothing") piece.change({ kind: verdict, keyHash, rowHash, row });
}

function withKey(key: SourceRow | undefined): { readonly key?: SourceRow } {
  return key === undefined ? {} : { key };
}

export function isTooLong(key: SourceRow): boolean {
  let chars = 0;
  for (const cell of key) chars += cell?.length ?? 0;
  // Escapes take at most six characters for one.
  return chars * 6 > KEY_CHARS_MAX && JSON.stringify(key).length > KEY_CHARS_MAX;
}
