import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  droppableSeq,
  LANE_DATABASE_BYTES_MAX,
  LANE_SEGMENTS_MAX,
  readForLane,
} from "../../../../src/ingest/queue/lane-reads.ts";
import { QueueLog, type Segment } from "../../../../src/ingest/queue/queue-log.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

/** Segments of ten events each; the last one is open. */
function segments(count: number): readonly Segment[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    firstSeq: i * 10 + 1,
    openedAtMs: 0,
    lastSeq: i === count - 1 ? undefined : (i + 1) * 10,
    packed: true,
  }));
}

describe("droppableSeq()", () => {
  it("is what is archived when no lane needs more", () => {
    const place = { archivedSeq: 35, passedSeq: undefined, databaseBytes: 0 };

    expect(droppableSeq(segments(5), place)).toBe(35);
  });

  it("keeps what a lane has not passed", () => {
    const place = { archivedSeq: 35, passedSeq: 12, databaseBytes: 0 };

    expect(droppableSeq(segments(5), place)).toBe(12);
  });

  it("is never more than what is archived", () => {
    fc.assert(
      fc.property(
        fc.nat(400),
        fc.option(fc.nat(400), { nil: undefined }),
        fc.nat(4e9),
        (archivedSeq, passedSeq, databaseBytes) => {
          const place = { archivedSeq, passedSeq, databaseBytes };

          expect(droppableSeq(segments(40), place)).toBeLessThanOrEqual(archivedSeq);
        },
      ),
    );
  });

  it("keeps a bounded number of segments for a lane that stands still", () => {
    const all = segments(40);
    const dropped = droppableSeq(all, { archivedSeq: 390, passedSeq: 0, databaseBytes: 0 });
    const kept = all.filter(({ lastSeq }) => lastSeq !== undefined && lastSeq > dropped);

    expect(kept).toHaveLength(LANE_SEGMENTS_MAX);
  });

  it("keeps nothing for lanes while storage is short", () => {
    const databaseBytes = LANE_DATABASE_BYTES_MAX + 1;

    expect(droppableSeq(segments(5), { archivedSeq: 35, passedSeq: 0, databaseBytes })).toBe(35);
  });
});

describe("readForLane()", () => {
  function logOf(chunks: readonly number[]) {
    const storage = new NodeStorage();
    storage.sql.exec(
      "CREATE TABLE segments (id INTEGER PRIMARY KEY, first_seq INTEGER, last_seq INTEGER, opened_at_ms INTEGER, packed INTEGER)",
    );
    const log = new QueueLog(storage.sql, 0);
    let seq = 1;
    for (const events of chunks) {
      const lines = new TextEncoder().encode("{}\n".repeat(events));
      const none = new Uint8Array(0);
      const chunk = {
        events,
        receivedMinMs: 0,
        receivedMaxMs: 0,
        prints: none,
        users: none,
        lines,
      };
      log.insert(chunk, seq, 0);
      seq += events;
      log.committed(seq, 0, lines.byteLength);
    }
    return { storage, log };
  }

  it("hands over every event from any position on, in order", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.nat(), (chunks, at) => {
        const { storage, log } = logOf(chunks);
        const fromSeq = 1 + (at % (log.nextSeq - 1));
        const pieces = readForLane(storage.sql, log, fromSeq);
        const ends = pieces.map(({ seq, events }) => seq + events);

        expect(pieces[0]?.seq).toBeLessThanOrEqual(fromSeq);
        expect(ends[0]).toBeGreaterThan(fromSeq);
        expect(pieces.slice(1).map(({ seq }) => seq)).toEqual(ends.slice(0, -1));
        expect(ends.at(-1)).toBe(log.nextSeq);
      }),
    );
  });

  it("hands over nothing that the log does not hold", () => {
    const { storage, log } = logOf([3]);

    expect(readForLane(storage.sql, log, 4)).toEqual([]);
  });
});
