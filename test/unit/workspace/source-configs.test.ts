import { afterEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../../src/core/ids.ts";
import { LEASE_GRACE_MS, LEASE_MS } from "../../../src/workspace/config-lease.ts";
import { SourceConfigs } from "../../../src/workspace/source-configs.ts";
import type { SourceConfig } from "../../../src/workspace/source-config.ts";
import { routeOf, sourceConfigOf } from "../../support/source-configs.ts";

const SOURCE: SourceId = "src_eu_0123456789abcdef0123456789";

/** The configs of one isolate, with a clock and a Workspace object that the test answers for. */
class Isolate {
  nowMs = 1_000_000;
  answer: SourceConfig | "unknown" | "fault" | "hangs" = sourceConfigOf();
  asked = 0;
  answerTakesMs = 0;
  readonly configs = new SourceConfigs();
  readonly #later: Promise<unknown>[] = [];

  /** The version that is found, or why there is none. */
  async version(): Promise<number | string> {
    const found = await this.configs.lookup(SOURCE, {
      ask: () => this.#ask(),
      now: () => this.nowMs,
      later: (work) => this.#later.push(work),
    });
    return found.kind === "found" ? found.config.version : found.kind;
  }

  /** Waits for what was put off until after the answer. */
  async afterwards(): Promise<void> {
    await Promise.all(this.#later);
  }

  async #ask(): Promise<SourceConfig | undefined> {
    this.asked++;
    await Promise.resolve();
    this.nowMs += this.answerTakesMs;
    if (this.answer === "hangs") return new Promise(() => undefined);
    if (this.answer === "fault") throw new Error("the object cannot be reached");
    return this.answer === "unknown" ? undefined : this.answer;
  }
}

/** An isolate that took version 1 at this instant. */
async function isolateWithConfig(): Promise<Isolate> {
  const isolate = new Isolate();
  await isolate.version();
  isolate.asked = 0;
  return isolate;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("SourceConfigs", () => {
  it("serves what it holds while the object hangs", async () => {
    const isolate = await isolateWithConfig();
    vi.useFakeTimers();
    isolate.nowMs += LEASE_MS + 1;
    isolate.answer = "hangs";

    const version = isolate.version();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await Promise.race([version, Promise.resolve("still waiting")])).toBe(1);
  });

  it("asks nobody while what it holds is fresh", async () => {
    const isolate = await isolateWithConfig();
    isolate.nowMs += 3_000;

    expect([await isolate.version(), isolate.asked]).toEqual([1, 0]);
  });

  it("renews ahead of the end, after its answer", async () => {
    const isolate = await isolateWithConfig();
    isolate.nowMs += 3_001;
    isolate.answer = sourceConfigOf({ version: 2 });
    const first = await isolate.version();
    await isolate.afterwards();

    expect([first, await isolate.version(), isolate.asked]).toEqual([1, 2, 1]);
  });

  it("waits for the answer after 5 s, so that a revoked key ends everywhere", async () => {
    const isolate = await isolateWithConfig();
    isolate.nowMs += LEASE_MS + 1;
    isolate.answer = sourceConfigOf({ version: 2 });

    expect(await isolate.version()).toBe(2);
  });

  it("counts from the question, not from its answer", async () => {
    const isolate = new Isolate();
    isolate.answerTakesMs = 4_000;
    await isolate.version();
    isolate.nowMs += 1_001;
    await isolate.version();

    expect(isolate.asked).toBe(2);
  });

  it("serves the last answer for 60 s while asking fails", async () => {
    const isolate = await isolateWithConfig();
    isolate.answer = "fault";
    isolate.nowMs += LEASE_GRACE_MS;

    expect(await isolate.version()).toBe(1);
  });

  it("has nothing after that", async () => {
    const isolate = await isolateWithConfig();
    isolate.answer = "fault";
    isolate.nowMs += LEASE_GRACE_MS + 1;

    expect(await isolate.version()).toBe("unavailable");
  });

  it("forgets a source that its Workspace object does not know any more", async () => {
    const isolate = await isolateWithConfig();
    isolate.nowMs += LEASE_MS + 1;
    isolate.answer = "unknown";
    const first = await isolate.version();
    isolate.answer = "fault";

    expect([first, await isolate.version()]).toEqual(["unknown", "unavailable"]);
  });

  it("takes a newer route over, and no older one", async () => {
    const isolate = await isolateWithConfig();
    isolate.configs.learn(SOURCE, routeOf({ n: 3, shards: 4 }));
    isolate.configs.learn(SOURCE, routeOf({ n: 2, shards: 2 }));
    const found = await isolate.configs.lookup(SOURCE, {
      ask: () => Promise.reject(new Error("nobody is asked")),
      now: () => isolate.nowMs,
      later: () => undefined,
    });

    expect(found).toMatchObject({ config: { route: { n: 3, shards: 4 } } });
  });
});
