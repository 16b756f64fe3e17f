import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";

import { parseConfig } from "../../../../src/config.ts";
import { retryDelayMs } from "../../../../src/ingest/queue/schedule.ts";
import type { ArchivePlace } from "../../../../src/region/own-bucket.ts";
import type { ArchiveLocation } from "../../../../src/region/regions.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { QueueModel } from "../../../support/queue-model.ts";
import { World } from "../../../support/queue-world.ts";
import { PRODUCTION } from "../../../support/settings.ts";
import { sourceConfigOf } from "../../../support/source-configs.ts";

const NOON = Date.UTC(2026, 10, 22, 12);
const DUBLIN: ArchiveLocation = "eu-west-1";

/** A queue over virtual time, which waits as the schedule says and as long as requests take. */
class Timeline {
  readonly clock = { nowMs: NOON };
  readonly world = new World(this.clock);
  readonly #disk = new NodeStorage();
  #failures = 0;
  #queue = this.#open();

  constructor() {
    this.world.darkMs = parseConfig(PRODUCTION).buckets[DUBLIN].answerMsMax;
  }

  /** A new life of the queue, which remembers no breaker. */
  restart(): void {
    this.#failures = 0;
    this.#queue = this.#open();
  }

  append(id: string): void {
    this.#queue.append(appendOf([id]));
  }

  /** Works until the file stands somewhere, and says where and after how many seconds. */
  async archive(): Promise<{ location: ArchivePlace; seconds: number }> {
    const startMs = this.clock.nowMs;
    for (;;) {
      const outcome = await this.#queue.archive();
      if (outcome.kind === "archived") {
        this.#failures = 0;
        return { location: outcome.location, seconds: (this.clock.nowMs - startMs) / 1000 };
      }
      if (outcome.kind === "waiting") this.clock.nowMs = outcome.untilMs;
      else this.clock.nowMs += retryDelayMs(++this.#failures);
    }
  }

  #open(): QueueModel {
    return new QueueModel(this.#disk, this.world, this.clock, sourceConfigOf());
  }
}

describe("the time until the second location holds a file, at production's defaults", () => {
  it.each([
    ["refuses", "refusing", 3],
    ["does not answer", "dark", 20],
  ] as const)("when the first %s", async (_what, state, seconds) => {
    const timeline = new Timeline();
    timeline.append("a");
    timeline.world[state].add(DUBLIN);

    expect(await timeline.archive()).toEqual({ location: "eu-central-1", seconds });
  });

  it("is under a minute when the queue dies in the middle and does not know where it was", async () => {
    const timeline = new Timeline();
    timeline.append("a");
    timeline.world.fault = "crash-late";
    await timeline.archive().catch(() => undefined);
    timeline.restart();
    timeline.world.dark.add(DUBLIN);
    const { location, seconds } = await timeline.archive();

    expect([location, seconds < 60]).toEqual(["eu-central-1", true]);
  });
});

describe("a location that fails for an hour", () => {
  it("leaves one file in doubt and not one a minute, and is used as soon as it is back", async () => {
    const timeline = new Timeline();
    timeline.world.dark.add(DUBLIN);
    for (let minute = 0; minute < 60; minute++) {
      timeline.append(`m${minute}`);
      await timeline.archive();
      timeline.clock.nowMs += 60_000;
    }
    timeline.world.heal();
    timeline.append("back");

    expect([timeline.world.suspects.count(), await timeline.archive()]).toEqual([
      1,
      { location: DUBLIN, seconds: 0 },
    ]);
  });

  it("leaves what waits in the queue when the source has no other, and drains it by itself", async () => {
    const timeline = new Timeline();
    timeline.world.locations = [DUBLIN];
    timeline.world.refusing.add(DUBLIN);
    timeline.append("a");
    const archived = timeline.archive();
    while (timeline.clock.nowMs < NOON + 3_600_000) await setImmediate();
    const healedAtMs = timeline.clock.nowMs;
    timeline.world.heal();
    await archived;

    expect(timeline.clock.nowMs - healedAtMs).toBeLessThanOrEqual(60_000);
    expect(timeline.world.archived()).toEqual(["a"]);
  });
});
