import type { ColumnType } from "../source/source.ts";

/** A date and time as Postgres writes it, with or without its zone. */
const DATE_TIME =
  /^(\d{4,}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)(?:Z|([+-]\d{2})(?::?(\d{2}))?)?$/;

/** The value of a cell as it goes into a record. What a type cannot hold exactly stays text. */
export function valueOf(cell: string | null, type: ColumnType): unknown {
  if (cell === null) return null;
  switch (type) {
    case "integer": {
      const number = Number(cell);
      return Number.isSafeInteger(number) ? number : cell;
    }
    case "decimal": {
      const number = Number(cell);
      return String(number) === cell ? number : cell;
    }
    case "float": {
      const number = Number(cell);
      return Number.isFinite(number) && cell.trim() !== "" ? number : cell;
    }
    case "boolean":
      return booleanOf(cell);
    case "date_time":
      return dateTimeOf(cell);
    case "json":
      return jsonOf(cell);
    case "text":
    case "date":
    case "binary":
      return cell;
  }
}

function booleanOf(cell: string): unknown {
  if (cell === "true" || cell === "t") return true;
  if (cell === "false" || cell === "f") return false;
  return cell;
}

/** ISO 8601 in UTC, with all digits that the source gave. */
function dateTimeOf(cell: string): string {
  const parts = DATE_TIME.exec(cell);
  if (parts === null) return cell;
  const [, date = "", time = "", hours = "+00", minutes = "00"] = parts;
  if (Number(hours) === 0 && Number(minutes) === 0) return `${date}T${time}Z`;
  const shifted = new Date(`${date}T${time.slice(0, 8)}${hours}:${minutes}`);
  if (Number.isNaN(shifted.getTime())) return cell;
  return shifted.toISOString().replace(/\.\d+Z$/, `${time.slice(8)}Z`);
}

function jsonOf(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell;
  }
}
