import { describe, expect, it } from "vitest";

import { INGEST_QUEUE_MIGRATIONS } from "../../../../durable-objects/storage/ingest-queue.schema.ts";
import { packChunks } from "../../../../src/ingest/queue/chunk.ts";
import { QueueLog } from "../../../../src/ingest/queue/queue-log.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const NOON = Date.UTC(2026, 10, 22, 12);

describe("commit times", () => {
  it("do not run back over a new segment and a restart, whatever the clock does", () => {
    const disk = new NodeStorage();
    disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    const log = new QueueLog(disk.sql, NOON);
    const [chunk] = packChunks([{ append: appendOf(["a"]), keep: undefined }]);
    if (chunk === undefined) throw new Error("Cannot test: nothing was packed");
    log.insert(chunk, 1, NOON + 1_000);
    log.committed(2, NOON + 1_000, chunk.lines.byteLength);
    log.rotate(NOON - 3_600_000);

    const restarted = new QueueLog(disk.sql, NOON - 3_600_000);

    expect(restarted.commitTime(NOON - 3_600_000)).toBe(NOON + 1_000);
  });
});
