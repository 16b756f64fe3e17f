import { beforeEach, describe, expect, it } from "vitest";

import type { DestinationId } from "../../../../src/core/ids.ts";
import { QueueLanes } from "../../../../src/ingest/queue/lanes.ts";
import { NodeStorage } from "../../../support/node-storage.ts";

const A: DestinationId = "dst_eu_0123456789abcdefghjkmnpqrs";
const B: DestinationId = "dst_eu_0123456789abcdefghjkmnpqrt";

let storage: NodeStorage;
let lanes: QueueLanes;

beforeEach(() => {
  storage = new NodeStorage();
  storage.sql.exec(
    "CREATE TABLE lanes (id TEXT PRIMARY KEY, start_seq INTEGER, passed_seq INTEGER)",
  );
  lanes = new QueueLanes(storage.sql);
});

describe("QueueLanes", () => {
  it("gives a new lane what comes after the last event there is", () => {
    lanes.learn([A], 7);

    expect(lanes.startOf(A)).toBe(7);
  });

  it("keeps a lane's beginning over a restart and over the same list again", () => {
    lanes.learn([A], 7);
    const again = new QueueLanes(storage.sql);
    again.learn([A], 99);

    expect(again.startOf(A)).toBe(7);
  });

  it("names those that came and went, and no other", () => {
    lanes.learn([A], 0);

    expect(lanes.learn([B], 5).toSorted()).toEqual([A, B]);
    expect(lanes.learn([B], 5)).toEqual([]);
  });

  it("wakes a lane once for what it has not passed, until it sleeps again", () => {
    lanes.learn([A], 0);

    expect([lanes.toWake(3), lanes.toWake(4)]).toEqual([[A], []]);
    lanes.passed(A, 4);
    lanes.sleeps(A);
    expect([lanes.toWake(4), lanes.toWake(5)]).toEqual([[], [A]]);
  });

  it("wakes every lane that is behind after a restart, since it knows of none that it is awake", () => {
    lanes.learn([A], 0);
    lanes.toWake(3);

    expect(new QueueLanes(storage.sql).toWake(3)).toEqual([A]);
  });

  it("needs the log from where the slowest lane is", () => {
    lanes.learn([A, B], 0);
    lanes.passed(A, 9);
    lanes.passed(B, 4);

    expect(lanes.passedSeq).toBe(4);
  });

  it("needs no log for no lanes", () => {
    expect(lanes.passedSeq).toBeUndefined();
  });

  it("writes positions seldom", () => {
    lanes.learn([A], 0);
    const before = storage.statements;
    for (let seq = 1; seq < 10_000; seq++) lanes.passed(A, seq);

    expect(storage.statements).toBe(before);
  });
});
