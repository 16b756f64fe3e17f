import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArchiveFile, RecordedFile } from "../../../src/archive/archive-file.ts";
import { formatKey, parseKey } from "../../../src/archive/key.ts";
import { newRebuild, type RebuildJob } from "../../../src/archive/rebuild.ts";
import { runSlice, type RebuildDeps } from "../../../src/archive/rebuild-slice.ts";
import type { SourceId } from "../../../src/core/ids.ts";
import { err, ok } from "../../../src/core/result.ts";
import { splitPlace } from "../../../src/region/own-bucket.ts";
import type { ArchiveLocation } from "../../../src/region/regions.ts";

const SOURCE_ID: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
const KEY = "000102030405060708090a0b0c0d0e0f";
const LOCATIONS: readonly ArchiveLocation[] = ["eu-west-1", "eu-central-1"];
const DAY_MS = 86_400_000;
const UNAVAILABLE = { kind: "unavailable", status: 503, code: "SlowDown" } as const;

/** What may go wrong, in the order in which the slices come across it. */
type Fault = "list" | "get" | "crash" | "record" | "over" | "none";
const faults = fc.array(
  fc.constantFrom<Fault>("list", "get", "crash", "record", "over", "none", "none"),
  { maxLength: 40 },
);
/** Which location, or both, holds each file; days apart, so that several months are touched. */
const placements = fc.array(fc.constantFrom("first", "second", "both", "foreign"), {
  maxLength: 30,
});

class Crash extends Error {}

/** Buckets, catalogue and a machine that fails as told; `saved` is all that survives a crash. */
class World {
  readonly buckets = new Map<ArchiveLocation, Set<string>>(
    LOCATIONS.map((location) => [location, new Set<string>()]),
  );
  readonly catalogue = new Map<string, ArchiveFile>();
  readonly suspected = new Set<string>();
  readonly #faults: Fault[];
  saved: string;

  constructor(where: readonly string[], wrong: readonly Fault[]) {
    this.#faults = [...wrong];
    for (const [i, place] of where.entries()) {
      const key = place === "foreign" ? `segment-logs/${SOURCE_ID}/note-${i}.txt` : keyOf(i);
      if (place !== "second") this.buckets.get("eu-west-1")?.add(key);
      if (place === "second" || place === "both") this.buckets.get("eu-central-1")?.add(key);
    }
    this.saved = JSON.stringify(newRebuild("job_x", SOURCE_ID, { fingerprintKey: KEY }, 0));
  }

  async run(): Promise<RebuildJob> {
    for (;;) {
      const job = JSON.parse(this.saved) as RebuildJob;
      if (job.progress.state !== "running") return job;
      try {
        this.saved = JSON.stringify(await runSlice(job, this.#deps()));
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  }

  #deps(): RebuildDeps {
    return {
      bucket: async (place) => ({
        list: async (prefix, { after, max }) => {
          if (this.#next() === "list") return err(UNAVAILABLE);
          const keys = [...(this.buckets.get(splitPlace(place).location) ?? [])]
            .filter((key) => key.startsWith(prefix) && key > (after ?? ""))
            .toSorted((a, b) => (a < b ? -1 : 1));
          const entries = keys.slice(0, Math.min(max, 4));
          const next = keys.length > entries.length ? entries.at(-1) : undefined;
          return ok({
            entries: entries.map((key) => ({ key, size: 9, lastModifiedMs: 0 })),
            next,
          });
        },
        get: async (key) => {
          if (this.#next() === "get") return err(UNAVAILABLE);
          const body = new Blob([`{"userId":"${key}"}\n`]).stream();
          return ok({ body, size: 9, etag: "", meta: new Map() });
        },
      }),
      held: async (_month, keys) =>
        keys.flatMap((key) => {
          const file = this.catalogue.get(key);
          return file === undefined ? [] : [{ key, location: file.location }];
        }),
      suspect: async (_month, suspects) => {
        for (const { key, locations } of suspects) {
          for (const location of locations) this.suspected.add(`${location} ${key}`);
        }
      },
      record: async (_month, file) => this.#record(file),
      save: (job) => {
        if (this.#next() === "crash") throw new Crash();
        this.saved = JSON.stringify(job);
      },
      now: () => 0,
      isOver: () => this.#next() === "over",
    };
  }

  /** A crash may come before the row is written or after, when the caller does not learn of it. */
  #record({ userFilter: _userFilter, ...file }: RecordedFile): ArchiveFile {
    const fault = this.#next();
    if (fault === "crash") throw new Crash();
    const held = this.catalogue.get(file.key) ?? file;
    this.catalogue.set(file.key, held);
    if (fault === "record") throw new Crash();
    return held;
  }

  #next(): Fault {
    return this.#faults.shift() ?? "none";
  }
}

function keyOf(i: number): string {
  return formatKey({
    sourceId: SOURCE_ID,
    dayMs: i * 20 * DAY_MS,
    ingestRegion: "eu1",
    shard: 0,
    incarnation: "abcd",
    firstSeq: i,
    lastSeq: i,
  });
}

describe("runSlice()", () => {
  it("records every file once, at the first location that holds it, whatever goes wrong", async () => {
    await fc.assert(
      fc.asyncProperty(placements, faults, async (where, wrong) => {
        const world = new World(where, wrong);
        const wanted = new Map<string, ArchiveLocation>();
        for (const location of LOCATIONS) {
          for (const key of world.buckets.get(location) ?? []) {
            const isFile = parseKey(key) !== undefined;
            if (isFile && !wanted.has(key)) wanted.set(key, location);
          }
        }

        const { progress } = await world.run();

        const recorded = new Map(
          [...world.catalogue].map(([key, file]): [string, ArchiveLocation] => [
            key,
            file.location,
          ]),
        );
        expect([progress.state, recorded]).toEqual(["done", wanted]);
      }),
    );
  });

  it("has every second copy looked at, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(placements, faults, async (where, wrong) => {
        const world = new World(where, wrong);
        const copies = where.flatMap((place, i) =>
          place === "both" ? [`eu-central-1 ${keyOf(i)}`] : [],
        );

        await world.run();

        expect([...world.suspected].toSorted()).toEqual(copies.toSorted());
      }),
    );
  });

  it("counts every object of every location once, whatever goes wrong", async () => {
    await fc.assert(
      fc.asyncProperty(placements, faults, async (where, wrong) => {
        const world = new World(where, wrong);
        const objects = LOCATIONS.reduce((n, at) => n + (world.buckets.get(at)?.size ?? 0), 0);

        const { progress } = await world.run();

        expect([progress.listed, progress.read + progress.skipped]).toEqual([objects, objects]);
      }),
    );
  });
});
