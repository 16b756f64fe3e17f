import { describe, expect, it } from "vitest";

import { ok } from "../../../../src/core/result.ts";
import { sweepFiles, type Sweep } from "../../../../src/sync/report/sweep-files.ts";

const KEY = "homeport-sync-logs/syn_eu_1/run_eu_1/records.1.parquet";

describe("sweepFiles()", () => {
  it("hides no file by a mark while it is not known whether the bucket keeps versions", async () => {
    const removed: string[] = [];
    const remove = async (keys: readonly string[]) => {
      removed.push(...keys);
      return ok({ refused: new Map<string, string>() });
    };
    const bucket: Sweep["buckets"][number] = {
      head: async () => ({ ok: false, error: { kind: "unavailable", status: 503, code: "" } }),
      list: async () =>
        ok({ entries: [{ key: KEY, size: 1, lastModifiedMs: 0 }], next: undefined }),
      removeMany: remove,
      removeWhole: remove,
    };

    const swept = await sweepFiles({
      buckets: [bucket],
      prefixes: ["homeport-sync-logs/"],
      madeAtMs: () => undefined,
      beforeMs: 1,
    });

    expect([swept, removed]).toEqual([{ removed: 0, isLeft: true }, []]);
  });
});
