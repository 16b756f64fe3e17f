import type { SourceRow } from "../source.ts";
import { badFile } from "./failure.ts";

/** How NULL is written, as Census has it; in quotes it is a text. */
const NULL_TEXT = "#N/A";
const QUOTE = '"';
const SEPARATOR = /[,\n]/g;
/** Characters of one row: a quote that nobody closes must not fill the memory. */
const ROW_CHARS_MAX = 4_000_000;

/** Cells of CSV as RFC 4180 writes it, whichever pieces the text comes in. */
export class CsvReader {
  #left = "";

  /** The rows that `text` completes. @throws SourceFailure. */
  add(text: string): readonly SourceRow[] {
    return this.#read(this.#left + text, false);
  }

  /** The last row, where no line break ends it. @throws SourceFailure. */
  finish(): readonly SourceRow[] {
    return this.#left === "" ? [] : this.#read(this.#left, true);
  }

  #read(text: string, isLast: boolean): readonly SourceRow[] {
    const rows: SourceRow[] = [];
    let at = 0;
    while (at < text.length) {
      const row = readRow(text, at, isLast);
      if (row === undefined) break;
      at = row.next;
      // An empty line is no row of one empty cell.
      if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row.cells);
    }
    this.#left = text.slice(at);
    if (this.#left.length > ROW_CHARS_MAX) throw badFile("a row has no end");
    return rows;
  }
}

type Row = { readonly cells: SourceRow; readonly next: number };

/** The row that begins at `at`; `undefined` while its end may be still to come. */
function readRow(text: string, at: number, isLast: boolean): Row | undefined {
  const cells: (string | null)[] = [];
  for (let next = at; ; next += 1) {
    const cell = text[next] === QUOTE ? quoted(text, next, isLast) : plain(text, next, isLast);
    if (cell === undefined) return undefined;
    cells.push(cell.value);
    next = cell.end;
    if (text[next] !== ",") return { cells, next: next + 1 };
  }
}

type Cell = { readonly value: string | null; readonly end: number };

/** A cell that is not quoted: its end is where the comma or the line break stands. */
function plain(text: string, at: number, isLast: boolean): Cell | undefined {
  SEPARATOR.lastIndex = at;
  const found = SEPARATOR.exec(text)?.index;
  if (found === undefined && !isLast) return undefined;
  const end = found ?? text.length;
  const value = text.slice(
    at,
    text[end] !== "," && text[end - 1] === "\r" && end > at ? end - 1 : end,
  );
  return { value: value === NULL_TEXT ? null : value, end };
}

function quoted(text: string, at: number, isLast: boolean): Cell | undefined {
  let close = text.indexOf(QUOTE, at + 1);
  while (close >= 0 && text[close + 1] === QUOTE) close = text.indexOf(QUOTE, close + 2);
  // What follows a quote says whether it is the end.
  if (close < 0 || close + 1 >= text.length) {
    if (!isLast) return undefined;
    if (close < 0) throw badFile("a quote is not closed");
  }
  const value = text.slice(at + 1, close).replaceAll('""', QUOTE);
  let end = close + 1;
  if (text[end] === "\r") {
    if (end + 1 >= text.length && !isLast) return undefined;
    end += 1;
  }
  if (end < text.length && text[end] !== "," && text[end] !== "\n") {
    throw badFile("something stands between a quote and the next comma");
  }
  return { value, end };
}
