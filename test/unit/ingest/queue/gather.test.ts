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

  it("answers nobody before their group is on disk", async () => {
    const { gather, flushes } = slowDisk();
    let answered = 0;
    const both = ["a", "b"].map((id) => submit(gather, id).then(() => (answered += 1)));

    flushes.shift()?.();
    await Promise.all([both[0], turn()]);

    expect(answered).toBe(1);
  });

  it("rejects a whole group when its flush fails, and goes on with the next", async () => {
    let fail = true;
    const gather = new Gather({
      commit: (entries) => entries.map(() => ACCEPTED),
      sync: () => (fail ? Promise.reject(new Error("disk")) : Promise.resolve()),
    });

    await expect(submit(gather, "a")).rejects.toThrow("disk");
    fail = false;

    await expect(submit(gather, "b")).resolves.toEqual(ACCEPTED);
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
