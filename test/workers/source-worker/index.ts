import type { Dial } from "../../../src/deliver/postgres/raw-socket.ts";
import { dialOutside } from "../../../src/egress/shims/cloudflare-sockets.ts";
import { bucketOf } from "../../../src/sync/engine/state/packed.ts";
import { openSource } from "../../../src/sync/source/open-source.ts";
import { SourceFailure, type RowSource, type SqlSource } from "../../../src/sync/source/source.ts";
import type { Reading } from "../../support/sync/source-reading.ts";

const SEEDS = { keyA: 1n, keyB: -2n, row: 3n };
const BITS = 6;

/** Reads a source both ways and answers what came of it. */
export default {
  async fetch(request) {
    const reading = await request.json<Reading>();
    const told: string[] = [];
    const observe = {
      sending: ({ host }: { host: string }, level: string) => void told.push(`${host} ${level}`),
      refused: ({ host }: { host: string }, reason: string) => void told.push(`${host} ${reason}`),
      sent: () => undefined,
      received: () => undefined,
    };
    const { connection, model, development, standIns, relay } = reading;
    const way = relay === undefined ? {} : { relay };
    const context = { development, observe, dial: dialTo(standIns, told), ...way };
    const signal = AbortSignal.any([]);
    try {
      const source = await openSource(connection, model, SEEDS, context, signal);
      const read =
        source.kind === "sql"
          ? await readBoth(source, reading, signal)
          : await readFiles(source, reading, signal);
      await source.close();
      return Response.json({ ...read, told });
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      return Response.json({ code: error.code, told });
    }
  },
} satisfies ExportedHandler;

async function readFiles(source: RowSource, { key }: Reading, signal: AbortSignal) {
  const columns = source.columns.map(({ name }) => name);
  const ordered = { rows: 0, bytes: 0, xor: 0n };
  for await (const { rows, bytes } of source.read({ columns, key }, signal)) {
    ordered.rows += rows.length;
    ordered.bytes += bytes;
    for (const { rowHash } of rows) ordered.xor ^= rowHash;
  }
  return { columns, ordered: { ...ordered, xor: String(ordered.xor) } };
}

async function readBoth(
  source: SqlSource,
  { key, leaveAfter = Number.POSITIVE_INFINITY }: Reading,
  signal: AbortSignal,
) {
  const columns = source.columns.map(({ name }) => name);
  const selection = { columns, key };
  const summed = await source.sums(selection, BITS, signal);
  let xor = 0n;
  let buckets = 0;
  for await (const { sums } of summed.sums) {
    for (const each of sums) xor ^= each;
    buckets += sums.length;
  }
  const ordered = { rows: 0, bytes: 0, xor: 0n };
  const counts = new Uint32Array(2 ** BITS);
  let pieces = 0;
  for await (const { rows, bytes } of source.ordered(selection, undefined, signal)) {
    ordered.rows += rows.length;
    ordered.bytes += bytes;
    for (const { keyHash, rowHash } of rows) {
      const bucket = bucketOf(keyHash, BITS);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      ordered.xor ^= rowHash;
    }
    pieces += 1;
    if (pieces >= leaveAfter) break;
  }
  // A bucket's sum has the number of its rows in it.
  for (const count of counts) ordered.xor ^= BigInt(count);
  return {
    columns,
    sums: { rows: summed.totals().rows, buckets, xor: String(xor) },
    ordered: { ...ordered, xor: String(ordered.xor) },
  };
}

/** The guarded way out; what the guard allows goes on to a stand-in, where there is one. */
function dialTo(standIns: Reading["standIns"], told: string[]): Dial {
  if (standIns === undefined) return dialOutside as Dial;
  return async (context, target, options) => {
    const { hostname: host, port } = standIns[target.hostname] ?? target;
    const allowed = context.rules.find((rule) => rule.host === target.hostname);
    if (allowed === undefined) {
      return { ok: false, error: { kind: "host-not-allowed", host: target.hostname } };
    }
    told.push(`${target.hostname} ${allowed.level}`);
    const rules = [{ host, port, level: "development" as const }];
    const { observe: _told, ...plain } = context;
    return (dialOutside as Dial)(
      { ...plain, development: true, rules },
      { hostname: host, port },
      options,
    );
  };
}
