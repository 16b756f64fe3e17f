import { describe, expect, it } from "vitest";

import { checkRuns } from "../support/sync/run-property.ts";

const CASES = Number(process.env["SYNC_RUN_CASES"] ?? 10_000);

describe("runs of syncs, in many random lives with refusals, outages, cancels and crashes", () => {
  it(`bring the destination to what the source says, ${CASES} times`, async () => {
    await expect(checkRuns(CASES)).resolves.toBeUndefined();
  });
});
