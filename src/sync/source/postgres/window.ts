import { quoted, tableName } from "../../../deliver/postgres/sql.ts";
import type { Window } from "../../engine/watermark.ts";
import type { Model } from "../../model.ts";
import { literal, type SqlModel } from "./sql.ts";

/** The rows of a window, as a model of their own; the server compares values as those of the column. */
export function windowModel(model: SqlModel, column: string, { from, to }: Window): Model {
  const value = `w.${quoted(column)}`;
  const conditions = [`${value} <= ${literal(to)}`];
  if (from !== undefined) {
    conditions.push(`${value} ${from.isSkipped ? ">" : ">="} ${literal(from.value)}`);
  }
  return {
    kind: "query",
    sql: `SELECT w.* FROM ${rowsOf(model)} AS w WHERE ${conditions.join(" AND ")}`,
  };
}

/** One row with the greatest value of a column, or NULL. */
export function greatestModel(model: SqlModel, column: string): Model {
  return {
    kind: "query",
    sql: `SELECT max(w.${quoted(column)}) AS greatest FROM ${rowsOf(model)} AS w`,
  };
}

function rowsOf(model: SqlModel): string {
  if (model.kind === "table") return tableName(model.schema, model.name);
  // The end of a line ends a comment, in which a query may end.
  return `(${model.sql.replace(/[\s;]+$/, "")}\n)`;
}
