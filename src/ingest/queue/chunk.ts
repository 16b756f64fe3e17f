import { concatBytes } from "../../core/bytes.ts";
import { PRINT_BYTES, USER_HASH_BYTES, USER_HASHES_PER_EVENT, type Append } from "../append.ts";

/** Bytes of NDJSON in one row. With fingerprints and hashes a row stays under 2 MB. */
export const CHUNK_LINES_BYTES_MAX = 1_200_000;

/** Events in one row: 4,000 × (16 + 24 + 4) bytes beside the lines. */
export const CHUNK_EVENTS_MAX = 4_000;

const USER_BYTES = USER_HASH_BYTES * USER_HASHES_PER_EVENT;

/** What of one append goes into the log: all of it, or the events whose indexes are listed. */
export type Part = {
  readonly append: Append;
  /** Ascending indexes of the events to keep; `undefined` keeps them all. */
  readonly keep: readonly number[] | undefined;
};

/** One row of the log, before it has a number. */
export type Chunk = {
  readonly events: number;
  readonly receivedMinMs: number;
  readonly receivedMaxMs: number;
  readonly prints: Uint8Array;
  readonly users: Uint8Array;
  readonly lines: Uint8Array;
};

type Slice = { readonly append: Append; readonly from: number; readonly to: number };

/**
 * Packs what was accepted of one group of appends into as few rows as the limits allow, in order.
 * The lines are copied at most once; a single whole append is not copied at all.
 */
export function packChunks(parts: readonly Part[]): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let slices: Slice[] = [];
  let bytes = 0;
  let events = 0;
  const flush = (): void => {
    if (events > 0) chunks.push(joinSlices(slices, events));
    slices = [];
    bytes = 0;
    events = 0;
  };
  for (const slice of parts.flatMap(slicesOf)) {
    const size = byteRange(slice);
    const count = slice.to - slice.from;
    if (bytes + size > CHUNK_LINES_BYTES_MAX || events + count > CHUNK_EVENTS_MAX) flush();
    slices.push(slice);
    bytes += size;
    events += count;
  }
  flush();
  return chunks;
}

/** Contiguous runs of kept events, none larger than a row. */
function slicesOf(part: Part): Slice[] {
  const { append, keep } = part;
  const count = append.ends.length;
  const runs: Slice[] = [];
  if (keep === undefined) {
    runs.push({ append, from: 0, to: count });
  } else {
    for (const index of keep) {
      const last = runs.at(-1);
      if (last?.to === index) runs[runs.length - 1] = { ...last, to: index + 1 };
      else runs.push({ append, from: index, to: index + 1 });
    }
  }
  return runs.flatMap(splitOversize);
}

function splitOversize(slice: Slice): Slice[] {
  if (byteRange(slice) <= CHUNK_LINES_BYTES_MAX && slice.to - slice.from <= CHUNK_EVENTS_MAX) {
    return slice.to > slice.from ? [slice] : [];
  }
  if (slice.to - slice.from === 1) {
    throw new RangeError(
      `Cannot store a line of ${byteRange(slice)} bytes: a row holds ${CHUNK_LINES_BYTES_MAX}`,
    );
  }
  const middle = (slice.from + slice.to) >>> 1;
  return [
    { ...slice, to: middle },
    { ...slice, from: middle },
  ].flatMap(splitOversize);
}

function startOf(append: Append, index: number): number {
  return index === 0 ? 0 : (append.ends[index - 1] ?? 0);
}

function byteRange(slice: Slice): number {
  return startOf(slice.append, slice.to) - startOf(slice.append, slice.from);
}

function joinSlices(slices: readonly Slice[], events: number): Chunk {
  const received = slices.map((slice) => slice.append.receivedAtMs);
  return {
    events,
    receivedMinMs: Math.min(...received),
    receivedMaxMs: Math.max(...received),
    prints: join(slices, ({ append, from, to }) =>
      append.prints.subarray(from * PRINT_BYTES, to * PRINT_BYTES),
    ),
    users: join(slices, ({ append, from, to }) =>
      append.users.subarray(from * USER_BYTES, to * USER_BYTES),
    ),
    lines: join(slices, ({ append, from, to }) =>
      append.lines.subarray(startOf(append, from), startOf(append, to)),
    ),
  };
}

function join(slices: readonly Slice[], view: (slice: Slice) => Uint8Array): Uint8Array {
  return concatBytes(slices.map(view));
}
