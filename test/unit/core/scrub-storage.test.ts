import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  scrubFreePages,
  scrubStorage,
  type ScrubbedStorage,
} from "../../../src/core/scrub-storage.ts";

const MARKER = "forget-me-7f3a91";

let folder: string;
let database: DatabaseSync;
let storage: ScrubbedStorage;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scrub-"));
  database = new DatabaseSync(join(folder, "object.sqlite"));
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = OFF");
  database.exec("CREATE TABLE scrub (zeros BLOB NOT NULL) STRICT");
  storage = {
    sql: {
      exec: (query, ...bindings) => {
        const rows = database.prepare(query).all(...bindings);
        return { toArray: () => rows };
      },
      get databaseSize() {
        const [{ bytes } = {}] = database
          .prepare(
            `SELECT (page_count - freelist_count) * page_size AS bytes
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
          )
          .all();
        return Number(bytes);
      },
    },
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

/** How often the marker stands in the files, with the journal of pages. */
function markers(files = ["object.sqlite", "object.sqlite-wal"]): number {
  return files
    .map((name) => readFileSync(join(folder, name)).toString("latin1"))
    .reduce((sum, text) => sum + text.split(MARKER).length - 1, 0);
}

/** Rows of very unequal length, of which each fiftieth is to stay. */
function fill(): void {
  database.exec(`
    CREATE TABLE waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
    CREATE TABLE others (body TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;
  `);
  database.exec("CREATE TABLE dead (body TEXT NOT NULL) STRICT");
  const insertDead = database.prepare("INSERT INTO dead VALUES (?)");
  const insert = database.prepare("INSERT INTO waiting (body) VALUES (?)");
  for (let i = 1; i <= 1_000; i++) {
    const mark = i % 50 === 0 ? "kept" : MARKER;
    insert.run(`${i} ${mark} ${"x".repeat(i % 7 === 0 ? 9_000 : 100)}`);
    insertDead.run(`${mark} ${"x".repeat((i % 11) * 300)}`);
  }
  database.exec("INSERT INTO others VALUES ('stays')");
}

function kept(): readonly Record<string, unknown>[] {
  return database.prepare("SELECT id, body FROM waiting ORDER BY id").all();
}

describe("scrubStorage()", () => {
  it("leaves nothing in any file of rows that were deleted, and the other rows as they were", async () => {
    fill();
    database.exec("DELETE FROM waiting WHERE id % 50 <> 0");
    database.exec(`DELETE FROM dead WHERE body LIKE '${MARKER}%'`);
    const before = { markers: markers(), rows: kept() };

    await scrubStorage(storage, {
      freeBytes: 5_000_000,
      nextTurn: async () => undefined,
    });

    expect(before.markers).toBeGreaterThan(900);
    expect([markers(), kept()]).toEqual([0, before.rows]);
  });

  it("leaves nothing in the pages that a large table stood in", async () => {
    database.exec("CREATE TABLE waiting (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT");
    const insert = database.prepare("INSERT INTO waiting (body) VALUES (?)");
    for (let from = 1; from <= 60_000; from += 1_000) {
      storage.transactionSync(() => {
        // Each page keeps a row, so that none is given free before the table is copied.
        for (let i = from; i < from + 1_000; i++) {
          insert.run(`${i % 2 ? MARKER : "kept"} ${"x".repeat(500)}`);
        }
        database.exec(`DELETE FROM waiting WHERE id >= ${from} AND id % 2 = 1`);
      });
    }

    await scrubStorage(storage, { freeBytes: 0, nextTurn: async () => undefined });

    expect(markers(["object.sqlite"])).toBe(0);
  });

  it("gives no number again", async () => {
    fill();
    database.exec("DELETE FROM waiting WHERE id > 900");

    await scrubStorage(storage, {
      freeBytes: 0,
      nextTurn: async () => undefined,
    });

    database.exec("INSERT INTO waiting (body) VALUES ('next')");
    expect(kept().at(-1)).toEqual({ id: 1_001, body: "next" });
  });

  it("refuses a table with an index, whose pages nobody would clean", async () => {
    database.exec("CREATE TABLE waiting (body TEXT); CREATE INDEX waiting_i ON waiting (body)");

    const scrubbed = scrubStorage(storage, {
      freeBytes: 0,
      nextTurn: async () => undefined,
    });

    await expect(scrubbed).rejects.toThrow("wanted a table without indexes");
  });
});

describe("scrubFreePages()", () => {
  it("leaves nothing in the file of a table that was dropped", async () => {
    fill();
    database.exec("DROP TABLE waiting; DROP TABLE dead");
    const before = markers();

    await scrubFreePages(storage, 5_000_000, async () => undefined);

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

    await scrubFreePages(storage, 30_000_000, async () => {
      turns += 1;
    });

    expect(turns).toBe(4);
  });
});
