import { beforeEach, describe, expect, it } from "vitest";

import { SyncStorage } from "../../../../durable-objects/storage/sync-storage.ts";
import { SYNC_MIGRATIONS } from "../../../../durable-objects/storage/sync.schema.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const MB = 1_000_000;

const NO_ROWS = { accept: () => undefined, count: () => 0, rolledBack: () => undefined };

let disk: NodeStorage;
let size: { databaseSize: number };
let storage: SyncStorage;

beforeEach(() => {
  disk = new NodeStorage();
  for (const { sql } of SYNC_MIGRATIONS) disk.sql.exec(`${sql} `);
  size = Object.assign(disk.sql, { databaseSize: 0 });
  storage = new SyncStorage(disk, NO_ROWS);
});

describe("SyncStorage.freeBytes", () => {
  it("is what was in use at the most and is not any more, also after a restart", () => {
    size.databaseSize = 700 * MB;
    storage.transaction(() => undefined);
    size.databaseSize = 40 * MB;
    storage.transaction(() => undefined);

    expect(storage.freeBytes).toBe(660 * MB);
    expect(new SyncStorage(disk, NO_ROWS).freeBytes).toBe(660 * MB);
  });
});
