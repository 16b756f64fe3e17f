import { describe, expect, it } from "vitest";

import { judgeLogin } from "../../../../src/sync/connection/test-postgres.ts";
import type { LoginFacts } from "../../../../src/sync/source/postgres/catalogue.ts";

const BEST: LoginFacts = {
  version: 150_002,
  encoding: "UTF8",
  canRead: true,
  canWrite: false,
  canLog: true,
};

function stateOf(step: string, over: Partial<LoginFacts>): string | undefined {
  return judgeLogin({ ...BEST, ...over }).find((each) => each.step === step)?.state;
}

describe("judgeLogin()", () => {
  it("finds nothing wrong with a reader of a new server", () => {
    expect(new Set(judgeLogin(BEST).map(({ state }) => state))).toEqual(new Set(["passed"]));
  });

  it.each([
    ["read", { canRead: false }, "failed"],
    ["read_only", { canWrite: true }, "warned"],
    ["log_schema", { canLog: false }, "skipped"],
    ["server_version", { version: 100_023 }, "failed"],
    ["encoding", { encoding: "LATIN1" }, "failed"],
    ["checksum", { version: 130_011 }, "warned"],
    ["checksum", { version: 140_000 }, "passed"],
  ] as const)("says of %s with %o that it is %s", (step, over, state) => {
    expect(stateOf(step, over)).toBe(state);
  });
});
