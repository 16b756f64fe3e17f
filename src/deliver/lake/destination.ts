import type { Bucket } from "../../s3/bucket.ts";
import type {
  Deliverer,
  Delivery,
  DeliveryOutcome,
  DestinationKind,
  ErasedFiles,
  EraseSlice,
  ForgottenUsers,
} from "../deliverer.ts";
import { PARQUET_FOLDER } from "../../region/own-bucket.ts";
import type { DestinationGround, OfferedDestination } from "../destinations.ts";
import { eraseFolders, type FileKind } from "../erase-folder.ts";
import { fileNameOf, putFile } from "../put-file.ts";
import { cellOf } from "../tables/cells.ts";
import { rowOf, tableOf } from "../tables/rows.ts";
import { rowsWithout } from "./erase-rows.ts";
import { parquetFile } from "./parquet.ts";

/** Events of one call. The more there are, the fewer and the larger the files. */
const BATCH_EVENTS_MAX = 3_000;
/** Bytes of one call's events: as columns they take a few times as much. */
const BATCH_BYTES_MAX = 3_000_000;

/** Files that are made and written at once: each takes memory, and one of six connections. */
const PUTS_MAX = 3;

const OWN_BUCKET = {
  level: "region_by_account",
  hosts: [],
  note: "The deployment's own bucket of the region, or the source's, at an endpoint that is known to be there.",
} as const;

export const PARQUET: DestinationKind = {
  slug: "data-lake",
  name: "Data lake (Parquet)",
  origin: "homeport",
  regions: { eu: OWN_BUCKET, us: OWN_BUCKET },
  settings: [],
  canForget: true,
};

/**
 * Parquet files in the region's bucket, or in the source's own, in the layout of Segment's data lakes: a folder for each
 * table, day and hour. A file is written once, and changed by a deletion only.
 */
export const parquetDestination: OfferedDestination = {
  kind: PARQUET,
  make: (ground) => Promise.resolve(new ParquetFiles(ground)),
  keepsFilesOfOurs: true,
};

/** Files below the source's folder that this destination wrote. */
const FILE = /\/segment_type=[^/]+\/day=[^/]+\/hr=\d\d\/[0-9a-f]{32}\.parquet$/;

const OBJECT = { contentType: "application/vnd.apache.parquet" } as const;

/** The source's own bucket was not set up for a data lake: rights can be put right. */
const NO_BUCKET: DeliveryOutcome = { kind: "retry", code: "INVALID_SETTINGS" };

class ParquetFiles implements Deliverer {
  readonly batch = { events: BATCH_EVENTS_MAX, bytes: BATCH_BYTES_MAX };
  /** One call fills the memory and the connections that there are. */
  readonly calls = 1;
  readonly #prefix: string;
  readonly #bucket: DestinationGround["bucket"];
  #isWithoutBucket = false;

  constructor({ sourceId, bucket }: Pick<DestinationGround, "sourceId" | "bucket">) {
    this.#prefix = `${PARQUET_FOLDER}data/${sourceId}/`;
    this.#bucket = bucket;
  }

  get alert(): string | undefined {
    return this.#isWithoutBucket ? "bucket_without_data_lake" : undefined;
  }

  async deliver(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    const outcomes: DeliveryOutcome[] = deliveries.map(() => {
      return { kind: "filtered", code: "UNSUPPORTED_EVENT_TYPE" };
    });
    const parts = [...partsOf(deliveries)];
    const bucket = this.#bucket.open();
    this.#isWithoutBucket = bucket === undefined;
    if (bucket === undefined) return deliveries.map(() => NO_BUCKET);
    const work = async (): Promise<void> => {
      for (let next = parts.shift(); next !== undefined; next = parts.shift()) {
        const outcome = await this.#write(bucket, next, deliveries, signal);
        for (const index of next[1]) outcomes[index] = outcome;
      }
    };
    await Promise.all(Array.from({ length: PUTS_MAX }, work));
    return outcomes;
  }

  /** At every location of the home and in every own bucket: files stand where they were written. */
  async erase(users: ForgottenUsers, slice: EraseSlice): Promise<ErasedFiles> {
    const buckets = this.#bucket.everywhere?.() ?? [this.#bucket.open()].filter(isBucket);
    const folders = buckets.map((bucket) => ({ bucket, prefix: this.#prefix }));
    const kind: FileKind = {
      isOurs: (key) => FILE.test(key),
      rewrite: (file) => rowsWithout(users, file),
      object: OBJECT,
    };
    return eraseFolders(folders, kind, slice);
  }

  async #write(
    bucket: Bucket,
    [folder, indexes]: readonly [string, readonly number[]],
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    if (signal.aborted) return { kind: "retry", code: "ETIMEDOUT" };
    const own = indexes.flatMap((index) => deliveries[index] ?? []);
    const key = `${this.#prefix}${folder}/${fileNameOf(own)}.parquet`;
    const rows = own.flatMap(({ event }) => rowOf(event)?.cells ?? []);
    return putFile(bucket, key, await parquetFile(rows), OBJECT);
  }
}

function isBucket(bucket: Bucket | undefined): bucket is Bucket {
  return bucket !== undefined;
}

/** Places of the events of each folder, in order. An event without a time of receipt has none. */
function partsOf(deliveries: readonly Delivery[]): ReadonlyMap<string, readonly number[]> {
  const parts = new Map<string, number[]>();
  for (const [index, { event }] of deliveries.entries()) {
    const table = tableOf(event);
    const received = cellOf(event["receivedAt"]);
    if (table === undefined || received?.type !== "timestamp") continue;
    const [day = "", time = ""] = new Date(received.value).toISOString().split("T");
    const folder = `segment_type=${table}/day=${day}/hr=${time.slice(0, 2)}`;
    const part = parts.get(folder);
    if (part === undefined) parts.set(folder, [index]);
    else part.push(index);
  }
  return parts;
}
