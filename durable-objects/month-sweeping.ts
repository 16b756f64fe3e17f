import { parsePosition } from "../src/archive/catalogue.ts";
import type { SweepPage } from "../src/archive/retention.ts";
import { sweepMonth, type SweepDeps } from "../src/archive/sweep-month.ts";
import type { Config } from "../src/config.ts";
import { regionOf, type SourceId } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { fileAt, type OwnBucketName } from "../src/region/own-bucket.ts";
import { HOME_REGIONS } from "../src/region/regions.ts";
import { FileBuckets } from "./file-buckets.ts";
import type { Reach } from "./reach.ts";
import type { CatalogueTable } from "./storage/catalogue-table.ts";

export type MonthSweepingDeps = {
  readonly storage: Pick<DurableObjectStorage, "transactionSync">;
  readonly config: Config;
  readonly sourceId: SourceId;
  readonly reach: Reach;
  readonly observe: EgressObserver;
  readonly catalogue: CatalogueTable;
};

type Asked = {
  readonly beforeMs: number;
  readonly after: string | undefined;
  readonly own: readonly OwnBucketName[];
};

/** What one month does of a sweep. Holds nothing: whoever asks keeps the position. */
export class MonthSweeping {
  readonly #deps: MonthSweepingDeps;
  readonly #buckets: FileBuckets;

  constructor(deps: MonthSweepingDeps) {
    this.#deps = deps;
    this.#buckets = new FileBuckets(deps);
  }

  async sweep({ beforeMs, after, own }: Asked): Promise<SweepPage> {
    const { storage, sourceId, catalogue } = this.#deps;
    const { locations } = HOME_REGIONS[regionOf(sourceId)];
    const deps: SweepDeps = {
      old: (from, max) =>
        catalogue.old({
          beforeMs,
          nowMs: Date.now(),
          locations,
          own,
          after: from === undefined ? undefined : parsePosition(from),
          max,
        }),
      bucket: (place) => this.#buckets.of(fileAt(place), "eraser"),
      forget: (keys) =>
        storage.transactionSync(() => {
          for (const key of keys) catalogue.remove(key);
        }),
    };
    return sweepMonth(deps, after);
  }
}
