import { describe, expect, it } from "vitest";

import type { AppendAnswer } from "../../../../src/ingest/append.ts";
import { Gather } from "../../../../src/ingest/queue/gather.ts";
import { appendOf } from "../../../support/appends.ts";

const ACCEPTED: AppendAnswer = { kind: "accepted", accepted: 1, duplicates: 0 };

/** A disk whose flushes end when the test says so. */
function slowDisk() {
  const flushes: (() => void)[] = [];
  const groups: number[] = [];
  const gather = new Gather({
    commit: (entries) => {
      groups.push(entries.length);
      return entries.map(() => ACCEPTED);
    },
    sync: () => new Promise((resolve) => flushes.push(resolve)),
    linger: () => Promise.resolve(),
  });
  return { gather, flushes, groups };
}

/** Lets everything run that waits for nothing else. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function submit(gather: Gather, id: string): Promise<AppendAnswer> {
  return gather.submit({ append: appendOf([id]), knownElsewhere: undefined });
}

describe("Gather", () => {
  it("commits a lone request at once", () => {
    const { gather, groups } = slowDisk();

    void submit(gather, "a");

    expect(groups).toEqual([1]);
  });

  it("commits together what arrives while a group is being flushed", async () => {
    const { gather, flushes, groups } = slowDisk();
    const answers = ["a", "b", "c"].map((id) => submit(gather, id));

    flushes.shift()?.();
    await Promise.all([answers[0], turn()]);

    expect(groups).toEqual([1, 2]);
  });

  it("answers a group in the turn of its commit, and no one whose group is not committed", async () => {
    const { gather, flushes } = slowDisk();
    let answered = 0;
    for (const id of ["a", "b"]) void submit(gather, id).then(() => (answered += 1));

    await turn();

    expect([answered, flushes.length]).toEqual([1, 1]);
  });

  it("rejects a whole group whose commit fails, and goes on with the next", async () => {
    let fail = true;
    const gather = new Gather({
      commit: (entries) => {
        if (fail) throw new Error("disk");
        return entries.map(() => ACCEPTED);
      },
      sync: () => Promise.resolve(),
      linger: () => Promise.resolve(),
    });

    await expect(submit(gather, "a")).rejects.toThrow("disk");
    fail = false;

    await expect(submit(gather, "b")).resolves.toEqual(ACCEPTED);
  });

  it("waits for more requests only where some met in the last group", async () => {
    let lingered = 0;
    const gather = new Gather({
      commit: (entries) => entries.map(() => ACCEPTED),
      sync: turn,
      linger: async () => void (lingered += 1),
    });

    await submit(gather, "alone");
    await turn();
    const before = lingered;
    await Promise.all(["a", "b", "c"].map((id) => submit(gather, id)));

    expect([before, lingered]).toEqual([0, 1]);
  });

  it("splits what waits so that no group holds more than 8 MB of lines", async () => {
    const { gather, flushes, groups } = slowDisk();
    const big = { ...appendOf(["x"]), lines: new Uint8Array(5_000_000) };
    const first = submit(gather, "a");
    void gather.submit({ append: big, knownElsewhere: undefined });
    void gather.submit({ append: big, knownElsewhere: undefined });

    flushes.shift()?.();
    await Promise.all([first, turn()]);

    expect(groups).toEqual([1, 1]);
  });
});

describe("settled()", () => {
  it("comes back although requests never stop coming in", async () => {
    const { gather, flushes } = slowDisk();
    let isSettled = false;
    void submit(gather, "a");
    void gather.settled().then(() => (isSettled = true));

    for (let i = 0; i < 20; i++) {
      void submit(gather, `b${i}`);
      flushes.splice(0).forEach((flush) => flush());
      await turn();
    }

    expect(isSettled).toBe(true);
  });
});
