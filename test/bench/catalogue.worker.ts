import "../../src/egress/install.ts";

import { ArchiveMonth } from "../../durable-objects/archive-month.ts";
import type { Env as Bindings } from "../../durable-objects/reach.ts";
import { CatalogueTable } from "../../durable-objects/storage/catalogue-table.ts";
import type { RecordedFile } from "../../src/archive/archive-file.ts";
import { formatKey } from "../../src/archive/key.ts";
import { buildUserFilter } from "../../src/archive/user-filter.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";

export { Archive } from "../../durable-objects/archive.ts";
export { Workspace } from "../../durable-objects/workspace.ts";

/** What one month is asked for. */
type Order =
  | {
      readonly how: "fill";
      readonly month: string;
      readonly from: number;
      readonly to: number;
      /** Files of the whole month, spread over its days. */
      readonly files: number;
    }
  | { readonly how: "find"; readonly month: string; readonly hashes: readonly number[] };

const SOURCE_ID: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
const DAY_MS = 86_400_000;
const DAYS = 28;

/** Filters that stand in for those of a month's files: other users in each, unequally many. */
const FILTERS = 256;
const USERS_MEDIAN = 1_000;
/** Of the logarithm: a quiet night has a hundred users a minute, a campaign ten thousand. */
const USERS_SIGMA = 1;
const EVENTS_PER_USER = 3;
const BYTES_PER_EVENT = 1_000;

type Sample = { readonly users: number; readonly filter: Uint8Array };

let samples: readonly Sample[] | undefined;

/** A month that makes the files which it holds. */
export class BenchMonth extends ArchiveMonth {
  async fill({ month, from, to, files }: Extract<Order, { how: "fill" }>) {
    const beginMs = Date.parse(`${month}-01`);
    const made = (samples ??= makeSamples());
    const table = new CatalogueTable(this.ctx.storage.sql, SOURCE_ID);
    let users = 0;
    this.ctx.storage.transactionSync(() => {
      for (let i = from; i < to; i++) {
        const sample = made[(i * 7919) % FILTERS];
        if (sample === undefined) continue;
        users += sample.users;
        table.insert(fileOf(beginMs, i, files, sample));
      }
    });
    return { users, databaseBytes: this.ctx.storage.sql.databaseSize };
  }
}

function fileOf(
  beginMs: number,
  i: number,
  files: number,
  { users, filter }: Sample,
): RecordedFile {
  const dayMs = beginMs + Math.floor((i * DAYS) / files) * DAY_MS;
  const events = users * EVENTS_PER_USER;
  const firstSeq = i * 1_000_000 + 1;
  const name = { sourceId: SOURCE_ID, dayMs, ingestRegion: "eu1", shard: 0 } as const;
  const receivedAtMs = dayMs + (i % 1440) * 60_000;
  return {
    sourceId: SOURCE_ID,
    key: formatKey({ ...name, incarnation: "abcd", firstSeq, lastSeq: firstSeq + events - 1 }),
    location: "eu-west-1",
    events,
    rawBytes: events * BYTES_PER_EVENT,
    gzipBytes: (events * BYTES_PER_EVENT) / 8,
    ndjsonSha256: "ab".repeat(32),
    firstReceivedAtMs: receivedAtMs,
    lastReceivedAtMs: receivedAtMs + 59_999,
    writtenBy: "homeport",
    userFilter: filter,
  };
}

function makeSamples(): readonly Sample[] {
  return Array.from({ length: FILTERS }, () => {
    const users = Math.round(USERS_MEDIAN * Math.exp(USERS_SIGMA * normal()));
    const hashes = new Uint8Array(users * 8);
    for (let at = 0; at < hashes.length; at += 65_536) {
      crypto.getRandomValues(hashes.subarray(at, at + 65_536));
    }
    return { users, filter: buildUserFilter(hashes) };
  });
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const order = await request.json<Order>();
    const name = { kind: "archive-month", sourceId: SOURCE_ID, month: order.month } as const;
    const month = locate(env.ARCHIVE_MONTH, name, "simulated") as unknown as BenchMonth;
    if (order.how === "fill") return Response.json(await month.fill(order));
    const hashes = Uint8Array.from(order.hashes);
    let [files, examined, after] = [0, 0, undefined as string | undefined];
    do {
      const page = await month.matching(hashes, after);
      files += page.files.length;
      examined += page.examined;
      after = page.next;
    } while (after !== undefined);
    return Response.json({ files, examined });
  },
};
