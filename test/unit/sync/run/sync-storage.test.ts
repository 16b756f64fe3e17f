import { beforeEach, describe, expect, it } from "vitest";

import { SyncStorage } from "../../../../durable-objects/storage/sync-storage.ts";
import { SYNC_MIGRATIONS } from "../../../../durable-objects/storage/sync.schema.ts";
import {
  closeUnload,
  forgetUnloads,
  heldUnload,
  takeUnload,
  unloads,
} from "../../../../durable-objects/sync-unloads.ts";
import type { LogRecord } from "../../../../src/sync/run/run.ts";
import type { ConnectionId } from "../../../../src/sync/sync.ts";
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

describe("takeUnload()", () => {
  const first: ConnectionId = "con_eu_1";
  const second: ConnectionId = "con_eu_2";

  it("keeps the bucket that a run began with, whatever the sync says meanwhile", () => {
    takeUnload(storage, "run_1", first);
    takeUnload(storage, "run_2", undefined);

    expect(takeUnload(storage, "run_1", second)).toBe(first);
    expect(heldUnload(storage, "run_1", second)).toBe(first);
    expect(heldUnload(storage, "run_3", second)).toBe(second);
    expect(takeUnload(storage, "run_2", second)).toBeUndefined();
  });

  it("remembers every bucket for deletions, also once runs are over", () => {
    takeUnload(storage, "run_1", first);
    closeUnload(storage, "run_1");
    takeUnload(storage, "run_2", second);
    forgetUnloads(storage, [second]);

    expect(unloads(storage)).toEqual([first]);
  });
});

describe("SyncStorage.addLog()", () => {
  it("writes rows that an object's database takes, however long and varied the records are", () => {
    const text = (): string =>
      String.fromCharCode(...Array.from({ length: 8_000 }, () => 0x3400 + Math.random() * 6_000));
    const records = Array.from({ length: 200 }, (_, at): LogRecord => ({
      identifier: String(at),
      operation: "upsert",
      status: "succeeded",
      message: undefined,
      user: { userId: undefined, anonymousId: undefined },
      payload: text(),
      startedAtMs: 0,
      endedAtMs: 0,
    }));
    storage.addLog(records);
    const told: LogRecord[] = [];
    for (let part = storage.nextLog(); part !== undefined; part = storage.nextLog()) {
      told.push(...part.records);
      storage.forgetLog(part.part);
    }

    expect(disk.blobBytesMax).toBeLessThan(2_000_000);
    expect(told.map(({ payload }) => payload)).toEqual(records.map(({ payload }) => payload));
  });
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
