import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  enterQueue,
  JOB_KINDS,
  leaveQueue,
  runningJob,
  turnOf,
  type JobRef,
  type QueuedJob,
} from "../../../src/archive/jobs.ts";

const job = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  act: fc.constantFrom("enter", "enter", "leave"),
});

/** Jobs keep their kind, whichever id the generator draws. */
function kindOf(id: string): JobRef["kind"] {
  return JOB_KINDS["abcdef".indexOf(id) % JOB_KINDS.length] ?? "replay";
}

function step(queue: readonly QueuedJob[], { id, act }: { id: string; act: string }) {
  return act === "leave" ? leaveQueue(queue, id) : enterQueue(queue, { id, kind: kindOf(id) }, 0);
}

function ids(queue: readonly QueuedJob[]): readonly string[] {
  return queue.map(({ id, state }) => `${id}:${state}`);
}

function enterAll(...jobs: readonly JobRef[]): readonly QueuedJob[] {
  return jobs.reduce<readonly QueuedJob[]>((queue, each) => enterQueue(queue, each, 0), []);
}

const REPLAY: JobRef = { id: "replay-1", kind: "replay" };
const EXPORT: JobRef = { id: "export-1", kind: "export" };
const DELETION: JobRef = { id: "deletion-1", kind: "deletion" };
const RETENTION: JobRef = { id: "retention-1", kind: "retention" };

describe("the queue of jobs", () => {
  it("has exactly one job running whenever it has any", () => {
    fc.assert(
      fc.property(fc.array(job), (steps) => {
        let queue: readonly QueuedJob[] = [];
        for (const each of steps) {
          queue = step(queue, each);
          const running = queue.filter(({ state }) => state === "running");
          expect(running.length).toBe(queue.length === 0 ? 0 : 1);
        }
      }),
    );
  });

  it("never takes the turn from a job that did not ask, unless it left", () => {
    fc.assert(
      fc.property(fc.array(job), (steps) => {
        let queue: readonly QueuedJob[] = [];
        for (const each of steps) {
          const before = runningJob(queue)?.id;
          queue = step(queue, each);
          const isAsker = before === undefined || before === each.id;
          expect(isAsker || runningJob(queue)?.id === before).toBe(true);
        }
      }),
    );
  });

  it("gives every job its turn once those in front have left", () => {
    fc.assert(
      fc.property(fc.array(job), (steps) => {
        let queue = steps.reduce<readonly QueuedJob[]>(step, []);
        const waited = new Set(queue.map(({ id }) => id));
        for (let running = runningJob(queue); running !== undefined; running = runningJob(queue)) {
          waited.delete(running.id);
          queue = leaveQueue(queue, running.id);
        }
        expect([...waited]).toEqual([]);
      }),
    );
  });

  it("lets the later of a deletion and a replay wait, and says for whom", () => {
    const queue = enterAll(DELETION, REPLAY);

    expect(turnOf(queue, REPLAY.id)).toEqual({ kind: "waiting", waitsFor: DELETION });
  });

  it("gives an export the turn of a replay that asks between two files", () => {
    const queue = enterAll(REPLAY, EXPORT, REPLAY);

    expect(ids(queue)).toEqual(["replay-1:waiting", "export-1:running"]);
  });

  it("lets a running replay go on until it asks between two files", () => {
    const queue = enterAll(REPLAY, DELETION);

    expect(ids(queue)).toEqual(["replay-1:running", "deletion-1:waiting"]);
  });

  it("gives a deletion the turn of a replay that asks between two files", () => {
    const queue = enterAll(REPLAY, DELETION, REPLAY);

    expect(ids(queue)).toEqual(["replay-1:waiting", "deletion-1:running"]);
  });

  it("lets the replay go on, before what entered after it, once the deletion has left", () => {
    const queue = leaveQueue(enterAll(REPLAY, DELETION, RETENTION, REPLAY), DELETION.id);

    expect(ids(queue)).toEqual(["replay-1:running", "retention-1:waiting"]);
  });

  it("lets no job of another kind interrupt a replay", () => {
    const queue = enterAll(REPLAY, RETENTION, REPLAY);

    expect(ids(queue)).toEqual(["replay-1:running", "retention-1:waiting"]);
  });
});
