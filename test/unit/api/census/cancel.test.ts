import { describe, expect, it } from "vitest";

import { CENSUS_RUN_OPERATIONS } from "../../../../src/api/census/run-operations.ts";
import type { Incoming } from "../../../../src/api/operation.ts";
import { ok } from "../../../../src/core/result.ts";

/** A workspace with one sync, one run of which is under way. */
function incoming(asked: string[]): Incoming {
  const sync = { id: "syn_eu_1", number: 7 };
  const run = { number: 3, state: "working" };
  return {
    services: {
      workspaceAdmin: () => ({ noteSyncAct: async () => ok(sync) }),
      sync: (id: string) => ({
        run: async () => run,
        cancel: async (number: number) => {
          asked.push(`${id} ${number}`);
          return ok(run);
        },
      }),
    },
    caller: { kind: "token", credential: {}, workspaceId: "ws_eu_1", secret: "tok" },
    params: { id: "70000003" },
    query: {},
    body: undefined,
    idempotency: undefined,
  } as unknown as Incoming;
}

describe("POST /sync_runs/:id/cancel", () => {
  it("stops that run of that sync, and answers in Census's spelling", async () => {
    const asked: string[] = [];
    const cancel = CENSUS_RUN_OPERATIONS.find(({ path }) => path.endsWith("/cancel"));

    const answer = await cancel?.run(incoming(asked));

    expect(answer).toEqual(ok({ status: "cancelled", data: {} }));
    expect(asked).toEqual(["syn_eu_1 3"]);
  });
});
