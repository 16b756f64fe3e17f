import { readStored } from "../../core/stored-json.ts";

/** One event on its way to one destination, as a lane holds it. */
export type LaneEntry = {
  /** Its number in the queue's log; what is driven again keeps it. */
  readonly seq: number;
  /** The event as the archive has it: one line of JSON. */
  readonly line: string;
  /** Requests that carried it so far. */
  readonly attempts: number;
  /** When the first of them ended; 0 before. */
  readonly firstAttemptAtMs: number;
  /** For how long in all the lane's destination had been down by then; 0 before. */
  readonly stoppedBeforeMs: number;
  /** Why the last of them did not settle it; empty before the first. */
  readonly code: string;
  /** What the line says, where somebody has parsed it already; never stored. */
  readonly event?: Readonly<Record<string, unknown>>;
};

/** An event as it comes from the log. */
export function newEntry(seq: number, line: string, event?: LaneEntry["event"]): LaneEntry {
  if (event === undefined) {
    return { seq, line, attempts: 0, firstAttemptAtMs: 0, stoppedBeforeMs: 0, code: "" };
  }
  return { seq, line, attempts: 0, firstAttemptAtMs: 0, stoppedBeforeMs: 0, code: "", event };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Entries as one blob: for each a line of what the lane knows, and its event's line. */
export function packEntries(entries: readonly LaneEntry[]): Uint8Array {
  const lines = entries.map(({ seq, line, attempts, firstAttemptAtMs, code, stoppedBeforeMs }) =>
    [JSON.stringify([seq, attempts, firstAttemptAtMs, code, stoppedBeforeMs]), line].join("\n"),
  );
  return encoder.encode(lines.join("\n"));
}

/** The entries that {@link packEntries} packed. */
export function unpackEntries(blob: Uint8Array): readonly LaneEntry[] {
  const lines = decoder.decode(blob).split("\n");
  const entries: LaneEntry[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    // Older code wrote four members.
    const [seq, attempts, firstAttemptAtMs, code, stoppedBeforeMs = 0] = readStored<
      readonly [number, number, number, string, number?]
    >(lines[i] ?? "[]");
    const line = lines[i + 1] ?? "";
    entries.push({ seq, attempts, firstAttemptAtMs, stoppedBeforeMs, code, line });
  }
  return entries;
}

/** Bytes that an entry takes, near enough for limits: characters, and what the lane adds. */
export function entryBytes({ line }: LaneEntry): number {
  return line.length + 48;
}

/** Splits entries, in order, so that no part has more events or bytes than one may. */
export function splitEntries(
  entries: readonly LaneEntry[],
  max: { readonly events: number; readonly bytes: number },
): readonly (readonly LaneEntry[])[] {
  const parts: LaneEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    const last = parts.at(-1);
    if (last === undefined || last.length >= max.events || bytes + size > max.bytes) {
      parts.push([entry]);
      bytes = size;
    } else {
      last.push(entry);
      bytes += size;
    }
  }
  return parts;
}
