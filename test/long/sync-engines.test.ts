import { describe, expect, it } from "vitest";

import { checkEngines } from "../support/sync/engine-property.ts";

const CASES = Number(process.env["SYNC_ENGINE_CASES"] ?? 10_000);

describe("the engines of syncs, in many random lives with refusals and crashes", () => {
  it(`bring the destination to what the source says, and send nothing that did not change, ${CASES} times`, async () => {
    await expect(checkEngines(CASES)).resolves.toBeUndefined();
  });
});
