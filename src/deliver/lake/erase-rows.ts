import type { ParquetRow } from "hyparquet";

import type { Subjects } from "../../archive/subjects.ts";
import type { RewrittenFile } from "../erase-folder.ts";
import { storable } from "../tables/cells.ts";
import { writeParquet, type ParquetType } from "./parquet.ts";

/** Columns that name a row's user, by what a subject names. */
const USER_COLUMNS: Readonly<Record<Subjects["type"], readonly string[]>> = {
  USER_ID: ["user_id", "previous_id"],
  ANONYMOUS_ID: ["anonymous_id"],
};

/** Of one file: a file of ours is made of 3 MB of events. */
const FILE_BYTES_MAX = 64_000_000;

/** A number as JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

type Column = { readonly name: string; readonly type: ParquetType };

/**
 * A Parquet file of ours without the rows that are about one of the users: the columns stay, with
 * their types, and so does the order of the other rows. Only the columns that name users are read
 * unless one of them is in it.
 *
 * @throws Error when it is damaged, or was not written by us.
 */
export async function rowsWithout(
  subjects: Subjects,
  body: ReadableStream<Uint8Array>,
): Promise<RewrittenFile | undefined> {
  const { parquetMetadata, parquetReadObjects } = await import("hyparquet");
  const file = await new Response(body).arrayBuffer();
  if (file.byteLength > FILE_BYTES_MAX) throw new Error("Cannot erase rows: the file is too large");
  const metadata = parquetMetadata(file);
  const columns = columnsOf(metadata.schema);
  const named = USER_COLUMNS[subjects.type].filter((name) =>
    columns.some((column) => column.name === name),
  );
  if (named.length === 0) return undefined;
  const texts = textsOf(subjects.ids);
  const isAbout = (row: ParquetRow): boolean => named.some((name) => texts.has(row[name]));
  const users = await parquetReadObjects({ file, metadata, columns: named });
  const removed = users.filter(isAbout).length;
  if (removed === 0) return undefined;
  const rows = await parquetReadObjects({ file, metadata });
  const kept = rows.filter((row) => !isAbout(row));
  const data = columns.map(({ name, type }) => ({
    name,
    type,
    data: kept.map((row) => row[name] ?? null),
  }));
  return { removed, body: await writeParquet(data) };
}

/** Ids as columns spell them: a number that JavaScript cannot hold exactly was rounded there. */
function textsOf(ids: ReadonlySet<string>): ReadonlySet<unknown> {
  const texts = new Set<unknown>();
  for (const id of ids) {
    texts.add(storable(id));
    const number = NUMBER.test(id) ? Number(id) : 0;
    if (!Number.isSafeInteger(number)) texts.add(String(number));
  }
  return texts;
}

type SchemaElement = {
  readonly name: string;
  readonly type?: string;
  readonly converted_type?: string;
};

function columnsOf([, ...elements]: readonly SchemaElement[]): readonly Column[] {
  return elements.map(({ name, type, converted_type: converted }) => ({
    name,
    type: typeOf(type, converted),
  }));
}

/** @throws Error for a type that we never write. */
function typeOf(type: string | undefined, converted: string | undefined): ParquetType {
  if (type === "BOOLEAN" || type === "DOUBLE") return type;
  if (type === "INT64" && converted === "TIMESTAMP_MILLIS") return "TIMESTAMP";
  if (type === "INT64" && converted === undefined) return "INT64";
  if (type === "BYTE_ARRAY" && converted === "UTF8") return "STRING";
  throw new Error("Cannot erase rows: the file has a type that we do not write");
}
