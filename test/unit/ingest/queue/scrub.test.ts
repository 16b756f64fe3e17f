import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { DedupStorage, SqlRow } from "../../../../src/ingest/queue/dedup/dedup-storage.ts";
import { scrubFreePages } from "../../../../src/ingest/queue/scrub.ts";

const MARKER = "forget-me-7f3a91";

let folder: string;
let database: DatabaseSync;
let storage: Pick<DedupStorage, "sql" | "transactionSync">;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scrub-"));
  database = new DatabaseSync(join(folder, "queue.sqlite"));
  database.exec("CREATE TABLE scrub (zeros BLOB NOT NULL) STRICT");
  storage = {
    sql: {
      exec: <T extends SqlRow>(query: string, ...bindings: (string | number)[]) => {
        const rows = database.prepare(query).all(...bindings) as T[];
        return { toArray: () => rows, one: () => rows[0] as T };
      },
    } as DedupStorage["sql"],
    transactionSync: (work) => {
      database.exec("BEGIN");
      const value = work();
      database.exec("COMMIT");
      return value;
    },
  };
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** Fills a table with rows that hold the marker, and drops it; how many bytes that freed. */
function fillAndDrop(): number {
  const pages = (): number => Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  const before = pages();
  database.exec("CREATE TABLE log_1 (lines TEXT)");
  const insert = database.prepare("INSERT INTO log_1 VALUES (?)");
  for (let i = 0; i < 1_000; i++) insert.run(`${i} ${MARKER} ${"x".repeat(i)}`);
  const freed = (pages() - before) * 4096;
  database.exec("DROP TABLE log_1");
  return freed;
}

function markers(): number {
  return readFileSync(join(folder, "queue.sqlite")).toString("latin1").split(MARKER).length - 1;
}

describe("scrubFreePages()", () => {
  it("leaves nothing in the file of what was dropped", async () => {
    const freed = fillAndDrop();
    const before = markers();

    await scrubFreePages(storage, freed, async () => undefined);

    expect(before).toBeGreaterThan(900);
    expect(markers()).toBe(0);
  });

  it("leaves its table empty, also of what a kill left in it", async () => {
    storage.sql.exec("INSERT INTO scrub (zeros) VALUES (zeroblob(?))", 10);

    await scrubFreePages(storage, 0, async () => undefined);

    expect(storage.sql.exec("SELECT count(*) AS n FROM scrub").toArray()).toEqual([{ n: 0 }]);
  });

  it("gives others their turn between pieces", async () => {
    let turns = 0;

    await scrubFreePages(storage, 20_000_000, async () => {
      turns += 1;
    });

    expect(turns).toBe(3);
  });
});
