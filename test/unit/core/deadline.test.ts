import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { withDeadline } from "../../../src/core/deadline.ts";

const NEVER = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What a signal was aborted with, once it is. */
function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}

describe("withDeadline()", () => {
  it("ends the work as a timeout", async () => {
    const ended = withDeadline(1_000, NEVER, abortOf);

    await vi.advanceTimersByTimeAsync(1_000);

    expect(await ended).toMatchObject({ name: "TimeoutError" });
  });

  it("ends the work with the one that asked for it", async () => {
    const outer = new AbortController();
    const ended = withDeadline(1_000, outer.signal, abortOf);

    outer.abort("enough");

    expect(await ended).toBe("enough");
  });

  it("leaves no timer behind", async () => {
    await withDeadline(1_000, NEVER, async () => undefined);

    expect(vi.getTimerCount()).toBe(0);
  });
});
