import type { Config } from "../src/config.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { placeOf, type FilePlace, type OwnBucketRole } from "../src/region/own-bucket.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { StorageConfig } from "../src/workspace/storage.ts";
import { PlaceBuckets } from "./place-buckets.ts";
import type { Reach } from "./reach.ts";

/**
 * The buckets that catalogued files of a source stand in, for objects that are not told of its config:
 * the Workspace is asked once for the own buckets, and again for one that was not known.
 */
export class FileBuckets {
  readonly #sourceId: SourceId;
  readonly #reach: Reach;
  readonly #buckets: PlaceBuckets;
  #storage: StorageConfig | undefined;

  constructor(deps: {
    readonly config: Config;
    readonly sourceId: SourceId;
    readonly observe: EgressObserver;
    readonly reach: Reach;
  }) {
    this.#sourceId = deps.sourceId;
    this.#reach = deps.reach;
    this.#buckets = new PlaceBuckets({ ...deps, storage: () => this.#storage });
  }

  /** The bucket that the file stands in, for what that role may do there. */
  async of(file: FilePlace, role: OwnBucketRole): Promise<Bucket> {
    const name = file.ownBucket;
    const isKnown = this.#storage?.buckets.some((own) => own.name === name) ?? false;
    if (name !== undefined && !isKnown) await this.#learn();
    return this.#buckets.at(placeOf(file), role);
  }

  async #learn(): Promise<void> {
    const workspace = this.#reach.workspace(workspaceOf(this.#sourceId));
    this.#storage = (await workspace.sourceConfig(this.#sourceId))?.storage;
  }
}
