import { describe, expect, it } from "vitest";

import { checkRuns } from "../../../support/sync/run-property.ts";

/** `npm run test:long` takes 10,000. */
const CASES = 200;
/** Of a machine that does much else besides. */
const MINUTE_MS = 60_000;

describe("runs of syncs, in random lives with refusals, outages, cancels and crashes", () => {
  it(
    "bring the destination to what the source says, and send nothing that was accepted as it is",
    async () => {
      await expect(checkRuns(CASES)).resolves.toBeUndefined();
    },
    MINUTE_MS,
  );
});
