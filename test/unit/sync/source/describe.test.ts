import { describe, expect, it } from "vitest";

import { describeModel } from "../../../../src/sync/source/postgres/describe.ts";
import type { Asking } from "../../../../src/sync/source/postgres/session.ts";

/** A server that hashes the probe to this. */
function serverWith(hash: string): Asking {
  const facts = { version: 160_000, encoding: "UTF8", rows: 5, hash };
  return {
    rows: async <T>() => [facts] as unknown as readonly T[],
    describe: async () => ({ columns: [{ name: "id", type: 20 }], parameters: 0 }),
  };
}

describe("describeModel()", () => {
  it("refuses a server that hashes otherwise, as one on a big-endian machine does", async () => {
    const model = { kind: "query", sql: "SELECT 1 AS id" } as const;

    await expect(describeModel(serverWith("17"), model)).rejects.toMatchObject({
      code: "machine_not_offered",
      isPassing: false,
    });
  });
});
