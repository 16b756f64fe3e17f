import { describe, expect, it } from "vitest";

import { ReadAccount } from "../../../../src/deliver/lane/read-account.ts";

describe("what the lanes of an isolate hold of their logs", () => {
  it("is too much above 8 MB together, for each of them, until one lets go", () => {
    const [one, other] = [new ReadAccount(), new ReadAccount()];
    one.hold(4_500_000);
    const before = other.isCrowded;
    other.hold(4_500_000);
    const during = [one.isCrowded, other.isCrowded];
    one.hold(0);

    expect([before, ...during, other.isCrowded]).toEqual([false, true, true, false]);
  });
});
