import { describe, expect, it } from "vitest";

import { INGEST_QUEUE_MIGRATIONS } from "../../../../durable-objects/storage/ingest-queue.schema.ts";
import { MemoryAccount } from "../../../../src/ingest/queue/memory-budget.ts";
import { QueueStorage } from "../../../../src/ingest/queue/queue-storage.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { QueueModel } from "../../../support/queue-model.ts";
import { World } from "../../../support/queue-world.ts";
import { sourceConfigOf } from "../../../support/source-configs.ts";

const NOON = Date.UTC(2026, 10, 22, 12);
const GB = 1_000_000_000;

/** Storage whose size the test says, and a queue that starts on it whenever it is asked for. */
function storageOf(gigabytes: number) {
  const disk = new NodeStorage();
  disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
  const port = Object.assign(disk, { sql: Object.assign(disk.sql, { databaseSize: 0 }) });
  port.sql.databaseSize = gigabytes * GB;
  return { sql: port.sql, start: () => new QueueStorage(port, 24 * 3_600_000, NOON) };
}

describe("wantsShards", () => {
  it("asks for more shards at 4 GB", () => {
    expect(storageOf(3.9).start().wantsShards).toBe(false);
    expect(storageOf(4).start().wantsShards).toBe(true);
  });

  it("does not ask again for what stays here anyway, also after a restart", () => {
    const storage = storageOf(4.2);
    storage.start().shardsAsked();

    expect(storage.start().wantsShards).toBe(false);
  });

  it("asks again once it has grown by another GB", () => {
    const storage = storageOf(4.2);
    storage.start().shardsAsked();
    storage.sql.databaseSize = 5.2 * GB;

    expect(storage.start().wantsShards).toBe(true);
  });
});

describe("what outlives a restart", () => {
  it("is the fence, which only rises", () => {
    const storage = storageOf(0);
    storage.start().fence(3);
    storage.start().fence(2);

    expect(storage.start().fencedBelow).toBe(3);
  });

  it("is the storage's own name", () => {
    const storage = storageOf(0);
    storage.start().incarnation(() => "first");

    expect(storage.start().incarnation(() => "second")).toBe("first");
  });
});

describe("rotateIfDue()", () => {
  it("packs at once when ids take too much of the isolate's memory, and they stay known", () => {
    const disk = new NodeStorage();
    disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    const port = Object.assign(disk, { sql: Object.assign(disk.sql, { databaseSize: 0 }) });
    const scarce = Object.assign(new MemoryAccount(), { holdRecent: () => true });
    const storage = new QueueStorage(port, 24 * 3_600_000, NOON, scarce);
    const { prints } = appendOf(["a"]);
    storage.seen.add(prints, 0, NOON / 1000);
    storage.log.insert(
      {
        events: 1,
        lines: new Uint8Array(2),
        users: new Uint8Array(8),
        prints,
        receivedMinMs: NOON,
        receivedMaxMs: NOON,
      },
      1,
      NOON,
    );
    storage.log.committed(2, NOON, 2);

    storage.rotateIfDue(NOON);

    expect(storage.log.segments.map(({ packed }) => packed)).toEqual([true, false]);
    expect([...storage.known(prints)]).toEqual([1]);
  });
});

describe("dropConsumed()", () => {
  it("drops a closed segment that the archive has passed, and its ids stay known", () => {
    const disk = new NodeStorage();
    const clock = { nowMs: NOON };
    const queue = new QueueModel(disk, new World(), clock, sourceConfigOf());
    queue.append(appendOf(["a"]));
    queue.storage.rotateIfDue(NOON + 3_600_000);

    queue.storage.dropConsumed(1);

    const restarted = new QueueModel(disk, new World(), clock, sourceConfigOf());
    expect(restarted.storage.log.segments.map(({ id }) => id)).toEqual([2]);
    expect(restarted.append(appendOf(["a"]))).toMatchObject({ duplicates: 1 });
  });

  it("keeps a closed segment that the archive has not passed", () => {
    const queue = new QueueModel(new NodeStorage(), new World(), { nowMs: NOON }, sourceConfigOf());
    queue.append(appendOf(["a"]));
    queue.storage.rotateIfDue(NOON + 3_600_000);

    queue.storage.dropConsumed(0);

    expect(queue.storage.log.segments.map(({ id }) => id)).toEqual([1, 2]);
  });
});

describe("isFull", () => {
  it("is so well before the platform's 10 GB", () => {
    expect(storageOf(8.4).start().isFull).toBe(false);
    expect(storageOf(8.5).start().isFull).toBe(true);
  });
});
