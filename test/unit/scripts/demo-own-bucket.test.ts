import { describe, expect, it } from "vitest";

import { CUSTOMER } from "../../../scripts/demo/buckets.ts";
import type { Sinks } from "../../../scripts/demo/deliveries.ts";
import type { Evidence, FoundLine } from "../../../scripts/demo/evidence.ts";
import { judgeOwnBucket, type OwnBucketRun } from "../../../scripts/demo/own-bucket.ts";

const SOURCE = "src_eu_demo";
const FILE = {
  location: CUSTOMER.location,
  bucket: CUSTOMER.bucket,
  key: `segment-logs/${SOURCE}/1/a.gz`,
};

function line(messageId: string, userId: string): FoundLine {
  const text = JSON.stringify({ messageId, userId });
  return { ...FILE, sourceId: SOURCE, messageId, text };
}

const GONE = line("m-1", "eu-user-7");
const LEFT = [line("m-2", "eu-user-70"), line("m-3", "eu-user-8")];

const RUN: OwnBucketRun = {
  sourceId: SOURCE,
  verification: "passed",
  before: [GONE, ...LEFT],
  status: "FINISHED",
  replay: "done",
};

function judge(
  changes: Partial<OwnBucketRun> = {},
  lines: readonly FoundLine[] = LEFT,
  replayed: readonly string[] = ["m-2", "m-3"],
  files: Evidence["files"] = [FILE],
) {
  const sinks = { seenAt: () => new Set(replayed) } as unknown as Sinks;
  const outsideBytes = { eu: 0, us: 0, unknown: 0 };
  const evidence: Evidence = { lines, files, deadLetters: 0, outsideBytes };
  return judgeOwnBucket({ ...RUN, ...changes }, { sinks }, evidence);
}

describe("judgeOwnBucket()", () => {
  it("counts what was archived, deleted, left and replayed", () => {
    const { summary, problems } = judge();

    expect(problems).toEqual([]);
    expect(summary).toMatchObject({ archived: 3, deleted: 1, left: 2, replayed: 2, platform: 0 });
  });

  it.each([
    ["a line of the deleted user is left", judge({}, [GONE, ...LEFT]), "deleted user are left"],
    [
      "a line of another user is not what it was",
      judge({}, [{ ...line("m-2", "eu-user-70"), text: "{}" }, line("m-3", "eu-user-8")]),
      "other users are not what they were",
    ],
    [
      "a file stands in the platform's bucket",
      judge({}, LEFT, ["m-2", "m-3"], [FILE, { ...FILE, bucket: "homeport-eu-west-1" }]),
      "in the platform's buckets",
    ],
    ["an event was not replayed", judge({}, LEFT, ["m-2"]), "events were replayed"],
    ["a deleted event was replayed", judge({}, LEFT, ["m-1", "m-2"]), "events were replayed"],
    ["the verification failed", judge({ verification: "not in use" }), "verification is"],
    ["the deletion is not over", judge({ status: "RUNNING" }), "deletion is"],
    ["the replay failed", judge({ replay: "failed" }), "replay is"],
  ])("finds that %s", (_what, { problems }, words) => {
    expect(problems.join("\n")).toContain(words);
  });
});
