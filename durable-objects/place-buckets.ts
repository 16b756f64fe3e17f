import { homeBucket } from "../src/archive/home-bucket.ts";
import { ownBucket } from "../src/archive/own-bucket/open.ts";
import type { Config } from "../src/config.ts";
import { regionOf, workspaceOf, type SourceId } from "../src/core/ids.ts";
import { inTime } from "../src/core/in-time.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import {
  splitPlace,
  type ArchivePlace,
  type OwnBucket,
  type OwnBucketRole,
  type OwnBuckets,
} from "../src/region/own-bucket.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import { openBucketKey } from "../src/workspace/own-bucket-key.ts";
import type { Reach } from "./reach.ts";

export type PlaceBucketsDeps = {
  readonly config: Config;
  readonly sourceId: SourceId;
  readonly observe: EgressObserver;
  /** What is known of the source's own buckets now. */
  readonly storage: () => OwnBuckets | undefined;
  /** The Workspace keeps the keys of buckets outside AWS; nobody else is told them with the config. */
  readonly reach: Pick<Reach, "workspace">;
};

/** Until the Workspace has to have answered; a bucket that cannot be opened is asked again later. */
const KEY_MS_MAX = 10_000;

/** Buckets kept open: two at the home's locations and the roles of a few own ones. */
const OPEN_MAX = 16;

/**
 * The buckets that files of one source stand in. Each is opened once, because it keeps the day's
 * signing key and the session of its role.
 */
export class PlaceBuckets {
  readonly #deps: PlaceBucketsDeps;
  readonly #open = new Map<string, Bucket>();

  constructor(deps: PlaceBucketsDeps) {
    this.#deps = deps;
  }

  /**
   * The bucket at a place, for what that role may do there.
   *
   * @throws Error for a bucket that the source's config does not name: nothing is ever written to, or
   * looked for in, another one instead.
   */
  at(place: ArchivePlace, role: OwnBucketRole): Bucket {
    const { config, sourceId, observe, storage } = this.#deps;
    const { location, own: name } = splitPlace(place);
    if (name === undefined) {
      return this.#kept(place, () => homeBucket(config, sourceId, location, observe));
    }
    const own = storage()?.buckets.find((bucket) => bucket.name === name);
    if (own === undefined)
      throw new Error("Cannot open an own bucket: the config does not name it");
    // With the settings in the name, so that roles that were changed are assumed at once.
    const opening = { config, sourceId, observe, now: () => Date.now() };
    return this.#kept(`${role} ${JSON.stringify(own)}`, () =>
      ownBucket({ ...opening, secretOf: (asked) => this.#secretOf(asked) }, own, role),
    );
  }

  async #secretOf({ name }: OwnBucket): Promise<string> {
    const { config, sourceId, reach } = this.#deps;
    const workspace = reach.workspace(workspaceOf(sourceId));
    const key = await inTime(workspace.ownBucketKey(sourceId, name), KEY_MS_MAX);
    if (key === undefined) throw new Error("Cannot open an own bucket: its key is not there");
    return openBucketKey(sourceId, key, config.sealingKeys[regionOf(sourceId)]);
  }

  #kept(name: string, open: () => Bucket): Bucket {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    if (this.#open.size >= OPEN_MAX) this.#open.clear();
    const bucket = open();
    this.#open.set(name, bucket);
    return bucket;
  }
}
