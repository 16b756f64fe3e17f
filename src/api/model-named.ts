import { FILE_FORMATS } from "../sync/source/files/folders.ts";
import type { Model } from "../sync/model.ts";

/** `schema.table`, `table`, or of files `folder/*.csv`. */
export function modelNamed(text: string, files: "newest" | "all"): Model | undefined {
  const [, prefix, ending] = /^((?:.*\/)?)\*\.(csv|ndjson|parquet)$/.exec(text) ?? [];
  const format = FILE_FORMATS.find((each) => each === ending);
  if (prefix !== undefined && format !== undefined) {
    return { kind: "folder", prefix, format, files };
  }
  const [first = "", ...rest] = text.split(".");
  const table = rest.join(".");
  if (first === "" || text.endsWith(".")) return undefined;
  return rest.length === 0
    ? { kind: "table", schema: "public", name: first }
    : { kind: "table", schema: first, name: table };
}
