import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import type { RecordedFile } from "../../../src/archive/archive-file.ts";
import { newRebuild, type RebuildJob, type RebuildStart } from "../../../src/archive/rebuild.ts";
import { runSlice, type RebuildDeps } from "../../../src/archive/rebuild-slice.ts";
import { err, ok } from "../../../src/core/result.ts";
import type { ArchivePlace } from "../../../src/region/own-bucket.ts";
import { EU_SOURCE } from "../../support/tracking.ts";

const DAY_MS = Date.UTC(2026, 10, 22);
const OURS = `segment-logs/${EU_SOURCE}/${DAY_MS}/eu1-0-p1v4e5fc-1-1.gz`;
const SEGMENTS = `segment-logs/abcd1234/${DAY_MS}/log.gz`;
const OWN = "eu-west-1/own-1";

/** Buckets by place, each with the keys in it, and the catalogue that a rebuild fills. */
class Places {
  readonly recorded: RecordedFile[] = [];
  readonly suspected: string[] = [];
  readonly #keys: Partial<Record<ArchivePlace, readonly string[]>>;

  constructor(keys: Partial<Record<ArchivePlace, readonly string[]>>) {
    this.#keys = keys;
  }

  async rebuild(start: Partial<RebuildStart> = {}): Promise<RebuildJob> {
    const whole = { fingerprintKey: "00".repeat(16), ownPlaces: [OWN] as const, ...start };
    return runSlice(newRebuild("job_eu_x", EU_SOURCE, whole, 0), this.#deps());
  }

  #deps(): RebuildDeps {
    return {
      bucket: async (place) => ({
        list: async (prefix) => {
          const keys = (this.#keys[place] ?? []).filter((key) => key.startsWith(prefix));
          return ok({
            entries: keys.map((key) => ({ key, size: 9, lastModifiedMs: 0 })),
            next: undefined,
          });
        },
        get: async (key) => {
          if (!(this.#keys[place] ?? []).includes(key)) return err({ kind: "not-found" });
          const body = new Blob([gzipSync(`{"userId":"u","messageId":"${key}"}\n`)]).stream();
          return ok({ body, size: 9, etag: "", meta: new Map() });
        },
      }),
      held: async () => this.recorded,
      record: async (_month, file) => {
        this.recorded.push(file);
        return file;
      },
      suspect: async (_month, suspects) =>
        void this.suspected.push(...suspects.map(({ key }) => key)),
      save: () => undefined,
      now: () => 0,
      isOver: () => false,
    };
  }
}

describe("a rebuild of a source with a bucket of its own", () => {
  it("reads that bucket as well, and says which one a file is in", async () => {
    const places = new Places({ [OWN]: [OURS] });

    await places.rebuild();

    expect(places.recorded).toMatchObject([
      { key: OURS, location: "eu-west-1", ownBucket: "own-1", writtenBy: "homeport" },
    ]);
  });

  it("adopts what Segment wrote there, without a marker", async () => {
    const places = new Places({ [OWN]: [SEGMENTS] });

    const job = await places.rebuild({ segmentSourceId: "abcd1234" });

    expect([job.progress.state, job.progress.recorded]).toEqual(["done", 1]);
    expect(places.recorded[0]).toMatchObject({ ownBucket: "own-1", writtenBy: "segment" });
  });

  it("adopts nothing of the platform's buckets without a marker", async () => {
    const places = new Places({ "eu-west-1": [SEGMENTS] });

    const job = await places.rebuild({ segmentSourceId: "abcd1234" });

    expect([job.progress.recorded, places.recorded]).toEqual([0, []]);
  });

  it("has no second copy removed because a bucket of the customer's holds one", async () => {
    const places = new Places({ "eu-west-1": [OURS], "eu-central-1": [], [OWN]: [OURS] });

    await places.rebuild();

    expect(places.suspected).toEqual([]);
  });
});
