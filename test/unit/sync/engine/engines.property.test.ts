import { describe, expect, it } from "vitest";

import { checkEngines } from "../../../support/sync/engine-property.ts";

/** `npm run test:long` takes 10,000. */
const CASES = 300;
/** Of a machine that does much else besides. */
const MINUTE_MS = 60_000;

describe("the engines of syncs, in random lives with refusals and crashes", () => {
  it(
    "bring the destination to what the source says, and send nothing that did not change",
    async () => {
      await expect(checkEngines(CASES)).resolves.toBeUndefined();
    },
    MINUTE_MS,
  );
});
