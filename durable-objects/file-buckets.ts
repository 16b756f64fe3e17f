import type { Config } from "../src/config.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import {
  isAtAws,
  placeOf,
  type FilePlace,
  type OwnBucketName,
  type OwnBucketRole,
} from "../src/region/own-bucket.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { StorageConfig } from "../src/workspace/storage.ts";
import { PlaceBuckets } from "./place-buckets.ts";
import type { Reach } from "./reach.ts";

/** How long keys count as the present ones: as long as a config is leased elsewhere. */
const KEYS_MS_MAX = 5_000;

/**
 * The buckets that catalogued files of a source stand in, for objects that are not told of its config:
 * the Workspace is asked once for the own buckets, and again for one that was not known. A bucket
 * outside AWS keeps its name when its owner changes its keys, so those are asked for again and again.
 */
export class FileBuckets {
  readonly #sourceId: SourceId;
  readonly #reach: Reach;
  readonly #buckets: PlaceBuckets;
  #storage: StorageConfig | undefined;
  #learnedAtMs = 0;

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
    if (name !== undefined && !this.#knows(name)) await this.#learn();
    return this.#buckets.at(placeOf(file), role);
  }

  #knows(name: OwnBucketName): boolean {
    const own = this.#storage?.buckets.find((held) => held.name === name);
    if (own === undefined) return false;
    return isAtAws(own) || Date.now() - this.#learnedAtMs < KEYS_MS_MAX;
  }

  async #learn(): Promise<void> {
    const workspace = this.#reach.workspace(workspaceOf(this.#sourceId));
    this.#learnedAtMs = Date.now();
    this.#storage = (await workspace.sourceConfig(this.#sourceId))?.storage;
  }
}
