import { describe, expect, it } from "vitest";

import { MemoryAccount } from "../../../../src/ingest/queue/memory-budget.ts";

/** Accounts of one isolate, emptied afterwards, since they share the module's budget. */
function withAccounts(work: (one: MemoryAccount, other: MemoryAccount) => void): void {
  const [one, other] = [new MemoryAccount(), new MemoryAccount()];
  try {
    work(one, other);
  } finally {
    for (const account of [one, other]) {
      account.release(account.inFlightBytes);
      account.endBuild();
      account.holdRecent(0);
    }
  }
}

describe("the memory of an isolate", () => {
  it("takes requests of all its queues up to 16 MB together", () => {
    withAccounts((one, other) => {
      expect([one.reserve(8_000_000), other.reserve(8_000_000)]).toEqual([true, true]);
      expect(other.reserve(1)).toBe(false);
    });
  });

  it("takes more once a request is done", () => {
    withAccounts((one, other) => {
      one.reserve(16_000_000);
      one.release(16_000_000);

      expect(other.reserve(16_000_000)).toBe(true);
    });
  });

  it("always takes one request alone", () => {
    withAccounts((one) => expect(one.reserve(30_000_000)).toBe(true));
  });

  it("builds files of all its queues up to 20 MB together", () => {
    withAccounts((one, other) => {
      expect([one.startBuild(15_000_000), other.startBuild(15_000_000)]).toEqual([true, false]);
      one.endBuild();
      expect(other.startBuild(15_000_000)).toBe(true);
    });
  });

  it("has a queue pack its ids once all hold more than 12 MB together", () => {
    withAccounts((one, other) => {
      expect(one.holdRecent(10_500_000)).toBe(false);
      expect(other.holdRecent(1_400_000)).toBe(false);
      expect(other.holdRecent(1_600_000)).toBe(true);
    });
  });

  it("asks nothing of a queue that holds little, however much others hold", () => {
    withAccounts((one, other) => {
      one.holdRecent(40_000_000);

      expect(other.holdRecent(900_000)).toBe(false);
    });
  });
});
