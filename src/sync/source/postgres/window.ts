import { quoted, tableName } from "../../../deliver/postgres/sql.ts";
import type { Mark, Window } from "../../engine/watermark.ts";
import type { Model } from "../../model.ts";
import { literal, type SqlModel } from "./sql.ts";

/** The rows of a window, as a model of their own; the server compares values as those of the column. */
export function windowModel(model: SqlModel, column: string, { from, to }: Window): Model {
  const value = `w.${quoted(column)}`;
  const before = from === undefined ? "" : `${isBehind(value, from)} AND `;
  return {
    kind: "query",
    sql: `SELECT w.* FROM ${rowsOf(model)} AS w WHERE ${before}${value} <= ${literal(to)}`,
  };
}

/**
 * One row with the greatest value of a column behind the mark, or NULL where there is none: were a
 * lesser one told, because the row with the greatest was deleted, the mark would go back to it.
 */
export function greatestModel(model: SqlModel, column: string, mark: Mark | undefined): Model {
  const value = `w.${quoted(column)}`;
  const where = mark === undefined ? "" : ` WHERE ${isBehind(value, mark)}`;
  return {
    kind: "query",
    sql: `SELECT max(${value}) AS greatest FROM ${rowsOf(model)} AS w${where}`,
  };
}

function isBehind(value: string, { value: from, isSkipped }: Mark): string {
  return `${value} ${isSkipped ? ">" : ">="} ${literal(from)}`;
}

function rowsOf(model: SqlModel): string {
  if (model.kind === "table") return tableName(model.schema, model.name);
  // The end of a line ends a comment, in which a query may end.
  return `(${model.sql.replace(/[\s;]+$/, "")}\n)`;
}
