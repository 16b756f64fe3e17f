import { writeParquet } from "../../../deliver/lake/parquet.ts";
import type { TargetOperation, TargetRecord } from "../target.ts";

export const FILE_FORMATS = ["ndjson", "csv", "parquet"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** The column that says what was to be done with a record. */
const OPERATION = "_operation";

export function isFileFormat(text: string): text is FileFormat {
  return FILE_FORMATS.some((format) => format === text);
}

export type MadeFile = { readonly body: Uint8Array; readonly contentType: string };

/** Records as a file; the same ones are always the same bytes. */
export async function fileOf(
  format: FileFormat,
  operation: TargetOperation,
  records: readonly TargetRecord[],
): Promise<MadeFile> {
  const names = [...new Set(records.flatMap(({ fields }) => Object.keys(fields)))];
  switch (format) {
    case "ndjson": {
      const lines = records.map(({ fields }) =>
        JSON.stringify({ [OPERATION]: operation, ...fields }),
      );
      return textFile(lines, "application/x-ndjson");
    }
    case "csv": {
      const rows = records.map(({ fields }) => [
        operation,
        ...names.map((name) => textOf(fields[name])),
      ]);
      return textFile([[OPERATION, ...names], ...rows].map(csvLine), "text/csv");
    }
    case "parquet": {
      const data = names.map((name) => ({
        name,
        type: "STRING" as const,
        data: records.map(({ fields }) => textOf(fields[name])),
      }));
      const done = { name: OPERATION, type: "STRING" as const, data: records.map(() => operation) };
      const body = await writeParquet([done, ...data]);
      return { body, contentType: "application/vnd.apache.parquet" };
    }
  }
}

function textFile(lines: readonly string[], contentType: string): MadeFile {
  return { body: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")), contentType };
}

/** Text as it is, everything else as JSON; null stays null. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** RFC 4180; NULL is nothing, and an empty text is two quotes, so that the two stay apart. */
function csvLine(cells: readonly (string | null)[]): string {
  return cells
    .map((cell) => {
      if (cell === null) return "";
      return cell === "" || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    })
    .join(",");
}
