import { describe, expect, it } from "vitest";

import type { PutFailure } from "../../../../src/s3/failures.ts";
import { appendOf } from "../../../support/appends.ts";
import { NOON, TwoBuckets } from "../../../support/two-buckets.ts";

describe("archiveNext()", () => {
  it("writes the range down, sends it, records it, and only then moves on", async () => {
    const buckets = new TwoBuckets();

    await buckets.archive();

    expect(buckets.steps).toEqual([
      "sync",
      'put eu-west-1 after ["eu-west-1"]',
      "record at eu-west-1 from 0",
    ]);
    expect(buckets.queue.files.archivedSeq()).toBe(1);
  });

  it("records a file where a PUT without an answer left it, and writes no second copy", async () => {
    const buckets = new TwoBuckets();
    buckets.losesAnswers = true;
    await buckets.archive();
    buckets.losesAnswers = false;
    buckets.locations = ["eu-central-1"];

    await buckets.archive();

    expect([...buckets.stored.keys()]).toEqual(["eu-west-1"]);
    expect(buckets.recorded.map((file) => file.location)).toEqual(["eu-west-1"]);
  });

  it("keeps a file that may stand in an own bucket for that bucket", async () => {
    const buckets = new TwoBuckets();
    buckets.locations = ["eu-west-1/own-1"];
    buckets.losesAnswers = true;
    await buckets.archive();
    buckets.losesAnswers = false;
    buckets.stored.clear();
    buckets.locations = ["eu-west-1"];

    await buckets.archive();

    expect([...buckets.stored.keys()]).toEqual(["eu-west-1/own-1"]);
    expect(buckets.recorded[0]).toMatchObject({ location: "eu-west-1", ownBucket: "own-1" });
  });

  it("sends nothing to the platform's bucket while an own one refuses", async () => {
    const buckets = new TwoBuckets();
    buckets.locations = ["eu-west-1/own-1"];
    buckets.refusals.set("eu-west-1/own-1", { kind: "refused", status: 403, code: "AccessDenied" });

    const outcome = await buckets.archive();

    expect([outcome.kind, [...buckets.stored.keys()]]).toEqual(["retry", []]);
  });

  it("sends a file that an own bucket refused to where the source's files go then", async () => {
    const buckets = new TwoBuckets();
    buckets.locations = ["eu-west-1/own-1"];
    buckets.refusals.set("eu-west-1/own-1", { kind: "refused", status: 403, code: "AccessDenied" });
    await buckets.archive();
    buckets.locations = ["eu-west-1/own-2"];

    await buckets.archive();

    expect([...buckets.stored.keys()]).toEqual(["eu-west-1/own-2"]);
  });

  it("writes down every location before it sends anything there", async () => {
    const buckets = new TwoBuckets();
    buckets.losesAnswers = true;
    await buckets.archive();
    buckets.stored.clear();
    buckets.locations = ["eu-central-1"];

    await buckets.archive();

    expect(buckets.steps).toContain('put eu-central-1 after ["eu-west-1","eu-central-1"]');
  });

  it("sends nothing again that the catalogue holds already", async () => {
    const buckets = new TwoBuckets();
    buckets.diesAfterRecord = true;
    await buckets.archive().catch(() => undefined);
    buckets.locations = ["eu-central-1"];
    buckets.steps.length = 0;

    await buckets.archive();

    expect([buckets.steps, buckets.queue.files.archivedSeq()]).toEqual([[], 1]);
  });

  it("stops where the catalogue holds other events under the file's name", async () => {
    const buckets = new TwoBuckets();
    buckets.held = { ndjsonSha256: "00" };

    const outcome = await buckets.archive();

    expect([outcome.kind, buckets.queue.files.archivedSeq()]).toEqual(["conflict", 0]);
  });
});

const SLOW_DOWN: PutFailure = { kind: "unavailable", status: 503, code: "SlowDown" };
const TIMEOUT: PutFailure = { kind: "unknown", code: "timeout" };

describe("archiveNext() with a location that fails", () => {
  it("goes to the second location at the third refusal", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", SLOW_DOWN);

    const outcomes = [await buckets.archive(), await buckets.archive(), await buckets.archive()];

    expect(outcomes.map((each) => (each.kind === "archived" ? each.location : each.kind))).toEqual([
      "retry",
      "retry",
      "eu-central-1",
    ]);
  });

  it("goes to the second location at once when no answer came in time", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);

    expect(await buckets.archive()).toMatchObject({ kind: "archived", location: "eu-central-1" });
  });

  it("has the location checked where a PUT may land late, before it moves on", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);

    await buckets.archive();

    expect(buckets.steps.at(-1)).toBe("suspect eu-west-1 from 0");
  });

  it("suspects nothing where a refusal leaves no doubt", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", SLOW_DOWN);
    for (let i = 0; i < 3; i++) await buckets.archive();

    expect([buckets.suspected, buckets.queue.files.archivedSeq()]).toEqual([[], 1]);
  });

  it("keeps the doubt of an earlier PUT when a later one is refused", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);
    buckets.refusals.set("eu-central-1", SLOW_DOWN);
    await buckets.archive();
    buckets.refusals.set("eu-west-1", SLOW_DOWN);
    buckets.clock.nowMs += 60_000;
    await buckets.archive();
    buckets.refusals.delete("eu-central-1");
    await buckets.archive();

    expect(buckets.suspected).toEqual(["eu-west-1"]);
  });

  it("waits when the source has no other location, until the breaker lets a probe through", async () => {
    const buckets = new TwoBuckets();
    buckets.locations = ["eu-west-1"];
    buckets.refusals.set("eu-west-1", TIMEOUT);

    expect(await buckets.archive()).toEqual({
      kind: "waiting",
      untilMs: NOON + 5_000,
      why: "eu-west-1: unknown (timeout)",
    });
  });

  it("sends nothing while every breaker is open", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);
    buckets.refusals.set("eu-central-1", TIMEOUT);
    await buckets.archive();
    buckets.steps.length = 0;

    await buckets.archive();

    expect(buckets.steps).toEqual([]);
  });

  it("goes back to the first location once it answers", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);
    await buckets.archive();
    buckets.refusals.clear();
    buckets.queue.append(appendOf(["b"]));
    buckets.clock.nowMs += 5_000;

    expect(await buckets.archive()).toMatchObject({ kind: "archived", location: "eu-west-1" });
  });

  it("asks a location that did not answer with a reading first, which leaves nothing behind", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", TIMEOUT);
    await buckets.archive();
    buckets.silent.add("eu-west-1");
    buckets.queue.append(appendOf(["b"]));
    buckets.clock.nowMs += 5_000;
    buckets.steps.length = 0;

    await buckets.archive();

    expect(buckets.steps.slice(0, 3)).toEqual([
      "head eu-west-1",
      "sync",
      'put eu-central-1 after ["eu-central-1"]',
    ]);
  });

  it("goes nowhere else while another write of the key is going on", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", { kind: "conflict" });

    for (let i = 0; i < 5; i++) await buckets.archive();

    expect([...buckets.stored.keys()]).toEqual([]);
  });

  it("goes nowhere else where an object of that name holds other events", async () => {
    const buckets = new TwoBuckets();
    buckets.refusals.set("eu-west-1", { kind: "already-exists" });
    buckets.stored.set("eu-west-1", "00");

    expect([(await buckets.archive()).kind, buckets.stored.size]).toEqual(["conflict", 1]);
  });
});
