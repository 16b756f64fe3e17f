import { describe, expect, it } from "vitest";

import { INGEST_QUEUE_MIGRATIONS } from "../../../../durable-objects/storage/ingest-queue.schema.ts";
import { packChunks } from "../../../../src/ingest/queue/chunk.ts";
import { seqOfPrint } from "../../../../src/ingest/queue/find-print.ts";
import { QueueLog } from "../../../../src/ingest/queue/queue-log.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const NOON_MS = Date.UTC(2026, 10, 22, 12);
const NOON = NOON_MS / 1_000;

/** A log of two segments: events 1 to 3 at noon, 4 and 5 a second later. */
function twoSegments() {
  const disk = new NodeStorage();
  disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
  const log = new QueueLog(disk.sql, NOON_MS);
  const insert = (ids: readonly string[], seq: number, atMs: number): void => {
    const [chunk] = packChunks([{ append: appendOf(ids), keep: undefined }]);
    if (chunk === undefined) throw new Error("Cannot test: nothing was packed");
    log.insert(chunk, seq, atMs);
    log.committed(seq + ids.length, atMs, chunk.lines.byteLength);
  };
  insert(["a", "b", "c"], 1, NOON_MS + 10);
  log.rotate(NOON_MS + 500);
  insert(["d", "e"], 4, NOON_MS + 1_000);
  return (id: string, second: number) =>
    seqOfPrint(disk.sql, log.segments, appendOf([id]).prints, second);
}

describe("seqOfPrint()", () => {
  it.each([
    ["a", NOON, 1],
    ["c", NOON, 3],
    ["e", NOON + 1, 5],
  ])("finds %s in whichever segment holds it", (id, second, seq) => {
    expect(twoSegments()(id, second)).toBe(seq);
  });

  it.each([
    ["a", NOON + 1],
    ["never", NOON],
  ])("finds no %s in another second or none", (id, second) => {
    expect(twoSegments()(id, second)).toBeUndefined();
  });
});
