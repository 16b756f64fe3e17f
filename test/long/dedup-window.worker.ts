import { DurableObject } from "cloudflare:workers";
import { sipHash128, sipKey } from "../../src/core/siphash.ts";
import { PRINT_BYTES } from "../../src/ingest/append.ts";
import type {
  DedupStorage,
  SqlBinding,
  SqlCursor,
  SqlRow,
} from "../../src/ingest/queue/dedup/dedup-storage.ts";
import { Deduplication } from "../../src/ingest/queue/dedup/deduplication.ts";

type Env = { readonly WINDOW: DurableObjectNamespace<DedupWindow> };

const WINDOW_MS = 24 * 3_600_000;
/** The default rate; ids are given times as if they had come in at it. */
const IDS_PER_MS = 1;
const START_MS = Date.UTC(2026, 0, 1);
const KEY = sipKey("000102030405060708090a0b0c0d0e0f");
/** Ids the queue gathers in a segment before it packs them. */
const PACK_IDS = 200_000;

/** Counts what is billed and remembers the largest row, since local workerd limits neither. */
class CountingStorage implements DedupStorage {
  readonly #storage: DurableObjectStorage;
  rowsWritten = 0;
  blobBytesMax = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  readonly sql = {
    exec: <T extends SqlRow>(query: string, ...bindings: SqlBinding[]): SqlCursor<T> => {
      for (const value of bindings) {
        if (value === null || typeof value !== "object") continue;
        this.blobBytesMax = Math.max(this.blobBytesMax, value.byteLength);
      }
      const cursor = this.#storage.sql.exec<T>(query, ...bindings);
      const rows = cursor.toArray();
      this.rowsWritten += cursor.rowsWritten;
      return { rowsWritten: cursor.rowsWritten, toArray: () => rows, one: () => one(rows) };
    },
  };

  transactionSync<T>(closure: () => T): T {
    return this.#storage.transactionSync(closure);
  }
}

function one<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error("Wanted one row, got none");
  return row;
}

/** A deduplication window that is filled from a counter: the n-th id is the hash of "id-<n>". */
export class DedupWindow extends DurableObject<Env> {
  readonly #storage: CountingStorage;
  readonly #subject: Deduplication;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = new CountingStorage(ctx.storage);
    this.#subject = new Deduplication(this.#storage, { windowMs: WINDOW_MS });
  }

  /** Loads from storage as a queue does when it starts. */
  load(ids: number): void {
    this.#subject.load(START_MS + ids / IDS_PER_MS);
  }

  /** Accepts ids from `from` to before `end`, packing and merging as the queue does. */
  fill(from: number, end: number): void {
    const prints = new Uint8Array(PRINT_BYTES);
    for (let first = from; first < end; first += PACK_IDS) {
      const next = Math.min(first + PACK_IDS, end);
      const ordinal = Math.floor(first / PACK_IDS);
      for (let n = first; n < next; n++) {
        sipHash128(KEY, `id-${n}`, prints, 0);
        this.#subject.add(prints, 0, ordinal);
      }
      const firstAtMs = START_MS + Math.floor(first / IDS_PER_MS);
      const lastAtMs = START_MS + Math.floor(next / IDS_PER_MS);
      const packing = this.ctx.storage.transactionSync(() =>
        this.#subject.pack(ordinal, { firstAtMs, lastAtMs }),
      );
      packing.settle();
    }
  }

  /** Merges for up to that many slices; true while more waits. */
  merge(ids: number, slices: number): boolean {
    for (let i = 0; i < slices; i++) {
      if (!this.#subject.mergeSlice(START_MS + ids / IDS_PER_MS)) return false;
    }
    return true;
  }

  /** How many of these ids are known under their ordinal; asked in batches of a request. */
  count(first: number, step: number, count: number): { known: number; right: number } {
    const batch = 200;
    let known = 0;
    let right = 0;
    for (let at = 0; at < count; at += batch) {
      const size = Math.min(batch, count - at);
      const prints = new Uint8Array(size * PRINT_BYTES);
      for (let i = 0; i < size; i++) {
        sipHash128(KEY, `id-${first + (at + i) * step}`, prints, i * PRINT_BYTES);
      }
      const out = new Uint8Array(size);
      this.#subject.hasMany(prints, out);
      for (const flag of out) known += flag;
      // The ordinal of one id of each batch: reading it for all would double the time.
      const ordinal = Math.floor((first + at * step) / PACK_IDS);
      if (this.#subject.ordinalOf(prints, 0) === ordinal) right += 1;
    }
    return { known, right };
  }

  figures(): Record<string, number> {
    return {
      bytesInMemory: this.#subject.bytesInMemory,
      runs: this.#subject.runCount,
      rowsWritten: this.#storage.rowsWritten,
      blobBytesMax: this.#storage.blobBytesMax,
      databaseBytes: this.ctx.storage.sql.databaseSize,
    };
  }
}

/** `POST /<method>` with a JSON array of numbers calls the object. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const window = env.WINDOW.getByName("window");
    const [a = 0, b = 0, c = 0] = await request.json<number[]>();
    switch (new URL(request.url).pathname) {
      case "/load":
        await window.load(a);
        return Response.json(true);
      case "/fill":
        await window.fill(a, b);
        return Response.json(true);
      case "/merge":
        return Response.json(await window.merge(a, b));
      case "/count":
        return Response.json(await window.count(a, b, c));
      default:
        return Response.json(await window.figures());
    }
  },
};
