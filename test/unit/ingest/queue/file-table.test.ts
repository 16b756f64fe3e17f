import { describe, expect, it } from "vitest";

import { INGEST_QUEUE_MIGRATIONS } from "../../../../durable-objects/storage/ingest-queue.schema.ts";
import { FileTable, type SealedFile } from "../../../../src/ingest/queue/file-table.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const DAY_MS = 86_400_000;

function fileOf(firstSeq: number, lastSeq: number, dayMs: number): SealedFile {
  return {
    firstSeq,
    lastSeq,
    key: `${firstSeq}-${lastSeq}.gz`,
    dayMs,
    events: lastSeq - firstSeq + 1,
    rawBytes: 1,
    ndjsonSha256: "00",
    receivedMinMs: dayMs,
    receivedMaxMs: dayMs,
    committedMinMs: dayMs,
    committedMaxMs: dayMs,
    tried: ["eu-west-1"],
  };
}

describe("prune()", () => {
  it("forgets old files but for the newest, which is the archive cursor", () => {
    const disk = new NodeStorage();
    disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    const files = new FileTable(disk.sql);
    for (const file of [fileOf(1, 5, 0), fileOf(6, 9, 0)]) {
      files.seal(file);
      files.archived(file);
    }

    files.prune(3 * DAY_MS);

    expect([files.archivedSeq(), files.committedWithin(0).map(({ key }) => key)]).toEqual([
      9,
      ["6-9.gz"],
    ]);
  });
});

describe("daysInDoubt()", () => {
  it("are those of archived files that more than one location was tried for", () => {
    const disk = new NodeStorage();
    disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    const files = new FileTable(disk.sql);
    const both = { tried: ["eu-west-1", "eu-central-1"] } as const;
    files.seal(fileOf(1, 5, 0));
    files.archived(fileOf(1, 5, 0));
    files.seal({ ...fileOf(6, 9, DAY_MS), ...both });
    files.archived(fileOf(6, 9, DAY_MS));
    files.seal({ ...fileOf(10, 11, 2 * DAY_MS), ...both });

    expect(files.daysInDoubt()).toEqual([DAY_MS]);
  });
});
