import { gzipSync } from "node:zlib";

import type { SourceId } from "../core/ids.ts";
import { bucketRules } from "../egress/region-hosts.ts";
import { bucketUrlProblem } from "../region/bucket-url.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../region/regions.ts";
import { Bucket } from "../s3/bucket.ts";
import type {
  Deliverer,
  Delivery,
  DeliveryOutcome,
  DestinationKind,
  ErasedFiles,
  EraseSlice,
  ForgottenUsers,
} from "./deliverer.ts";
import type { DestinationGround, OfferedDestination } from "./destinations.ts";
import { eraseFolders, type FileKind } from "./erase-folder.ts";
import { linesWithout } from "./erase-lines.ts";
import { fileNameOf, putFile } from "./put-file.ts";
import { GivenSettings } from "./read-settings.ts";

/** Events of one file. */
const BATCH_EVENTS_MAX = 5_000;
/** Bytes of one file's lines. */
const BATCH_BYTES_MAX = 3_000_000;

const DAY_MS = 86_400_000;
const R2_SUFFIX = ".r2.cloudflarestorage.com";
const R2_SCOPE = "auto";

const SHOWN = {
  level: "region_by_account",
  hosts: [],
  note: "The bucket's endpoint has to show the region; any other is refused.",
} as const;

export const S3_COPY: DestinationKind = {
  slug: "s3-copy",
  name: "S3 copy",
  origin: "homeport",
  regions: { eu: SHOWN, us: SHOWN },
  settings: [
    {
      key: "bucketUrl",
      label: "Bucket URL",
      type: "string",
      isRequired: true,
      isSecret: false,
      help:
        "Path style, at one of the region's locations, e.g. " +
        "https://s3.eu-west-1.amazonaws.com/my-bucket; or R2's endpoint of the jurisdiction.",
    },
    {
      key: "accessKeyId",
      label: "Access key id",
      type: "string",
      isRequired: true,
      isSecret: false,
    },
    {
      key: "secretAccessKey",
      label: "Secret access key",
      type: "string",
      isRequired: true,
      isSecret: true,
      help:
        "Of a user who may do s3:PutObject and s3:GetObject below the prefix, and s3:ListBucket " +
        "for it: deletions of users list, read and rewrite the copies. Where the bucket keeps " +
        "versions also s3:ListBucketVersions for it and s3:DeleteObjectVersion below it.",
    },
    {
      key: "prefix",
      label: "Prefix",
      type: "string",
      isRequired: false,
      isSecret: false,
      help: "In front of segment-logs/.",
    },
  ],
  canForget: true,
};

/** What may stand before `segment-logs/`: folders, without a slash at either end. */
const PREFIX = /^[A-Za-z0-9_.=-]{1,64}(?:\/[A-Za-z0-9_.=-]{1,64}){0,4}$/;

/**
 * Copies of the events in a second bucket of the region, as Segment's S3 destination writes them:
 * gzip, one event a line, in a folder for each day of receipt. A file is written once, and changed by
 * a deletion only.
 */
export const s3CopyDestination: OfferedDestination = {
  kind: S3_COPY,
  make: (ground) => Promise.resolve().then(() => new S3Copy(readCopy(ground))),
};

type CopySettings = {
  readonly bucket: Bucket;
  /** Up to the day. */
  readonly folder: string;
};

/** @throws SettingRefused for a setting that is wrong. */
export function readCopy(ground: DestinationGround): CopySettings {
  const { region, development, observe } = ground;
  const given = new GivenSettings(S3_COPY.slug, ground.settings);
  const url = given.text("bucketUrl");
  const location = HOME_REGIONS[region].locations.find(
    (each) => bucketUrlProblem(url, each, development) === undefined,
  );
  if (location === undefined) {
    return given.refuse("bucketUrl", "is no bucket whose endpoint shows that it is in the region");
  }
  const prefix = given.optionalText("prefix");
  if (prefix !== undefined && !PREFIX.test(prefix)) given.refuse("prefix", "is no path of folders");
  const address = {
    url,
    location: scopeOf(url, location),
    accessKeyId: given.text("accessKeyId"),
    secretAccessKey: given.text("secretAccessKey"),
  };
  const bucket = new Bucket(address, {
    region,
    purpose: "delivery:s3-copy",
    rules: bucketRules(region, url, development),
    development,
    observe,
  });
  return { bucket, folder: folderOf(prefix, ground.sourceId) };
}

/** R2 knows one region only; where its bucket is, the endpoint's jurisdiction says. */
function scopeOf(url: string, location: ArchiveLocation): string {
  return new URL(url).hostname.endsWith(R2_SUFFIX) ? R2_SCOPE : location;
}

function folderOf(prefix: string | undefined, sourceId: SourceId): string {
  return `${prefix === undefined ? "" : `${prefix}/`}segment-logs/${sourceId}`;
}

/** Files below the source's folder that this destination wrote. */
const FILE = /\/\d+\/[0-9a-f]{32}\.gz$/;

const OBJECT = { contentType: "text/plain", contentEncoding: "gzip" } as const;

class S3Copy implements Deliverer {
  readonly batch = { events: BATCH_EVENTS_MAX, bytes: BATCH_BYTES_MAX };
  readonly calls = 1;
  readonly #settings: CopySettings;

  constructor(settings: CopySettings) {
    this.#settings = settings;
  }

  async deliver(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    const outcomes: DeliveryOutcome[] = deliveries.map(() => {
      return { kind: "filtered", code: "UNSUPPORTED_EVENT_TYPE" };
    });
    for (const [dayMs, indexes] of daysOf(deliveries)) {
      const ofDay = indexes.flatMap((index) => deliveries[index] ?? []);
      const outcome: DeliveryOutcome = signal.aborted
        ? { kind: "retry", code: "ETIMEDOUT" }
        : await this.#write(dayMs, ofDay);
      for (const index of indexes) outcomes[index] = outcome;
    }
    return outcomes;
  }

  async erase(users: ForgottenUsers, slice: EraseSlice): Promise<ErasedFiles> {
    const { bucket, folder } = this.#settings;
    const kind: FileKind = {
      isOurs: (key) => FILE.test(key),
      rewrite: (file) => linesWithout(users, file),
      object: OBJECT,
    };
    return eraseFolders([{ bucket, prefix: `${folder}/` }], kind, slice);
  }

  #write(dayMs: number, deliveries: readonly Delivery[]): Promise<DeliveryOutcome> {
    const { bucket, folder } = this.#settings;
    const lines = deliveries.map(({ event, line }) => `${line ?? JSON.stringify(event)}\n`);
    const body = gzipSync(new TextEncoder().encode(lines.join("")));
    return putFile(bucket, `${folder}/${dayMs}/${fileNameOf(deliveries)}.gz`, body, OBJECT);
  }
}

/** Places of events by the day they were received; what has no such time is left out. */
function daysOf(deliveries: readonly Delivery[]): ReadonlyMap<number, readonly number[]> {
  const days = new Map<number, number[]>();
  for (const [index, { event }] of deliveries.entries()) {
    const { receivedAt } = event;
    const atMs = typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN;
    if (Number.isNaN(atMs)) continue;
    const dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    const places = days.get(dayMs) ?? [];
    places.push(index);
    days.set(dayMs, places);
  }
  return days;
}
