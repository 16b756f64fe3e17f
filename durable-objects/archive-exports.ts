import { exportPrefix, namesAny, type ExportedFile } from "../src/archive/export-events.ts";
import { homeBucket } from "../src/archive/home-bucket.ts";
import type { EraseRequest } from "../src/archive/ports.ts";
import type { Spool } from "../src/archive/spool.ts";
import type { GzipFacts } from "../src/archive/gzip-stream.ts";
import type { Config } from "../src/config.ts";
import { regionOf, type RegulationId, type SourceId } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";

/** Objects looked at by one call; exports are few, and expire. */
const OBJECTS_MAX = 100;

/** Keys the hashes of one look; nothing is kept of them. */
const ANY_KEY = "00".repeat(16);

export type ExportsParts = {
  readonly config: Config;
  readonly sourceId: SourceId;
  readonly observe: EgressObserver;
};

/** The files of exports of one source, in the platform's buckets of its home, whoever has the archive. */
export class ArchiveExports {
  readonly #parts: ExportsParts;

  constructor(parts: ExportsParts) {
    this.#parts = parts;
  }

  /** Writes one file at the home's first location that takes it. @throws Error when none does. */
  async put(
    { regulationId }: Pick<EraseRequest, "regulationId">,
    spool: Spool,
    { gzipBytes, gzipSha256 }: GzipFacts,
    events: number,
  ): Promise<ExportedFile> {
    // A kill may leave one that nobody knows of, so that the next has another name.
    const name = `${crypto.randomUUID()}.ndjson.gz`;
    const key = `${exportPrefix(this.#parts.sourceId, regulationId)}${name}`;
    const content = { bytes: gzipBytes, sha256: gzipSha256, read: () => spool.read() };
    for (const location of this.#locations()) {
      const object = { contentType: "application/gzip" };
      const put = await this.#bucket(location).putNew(key, content, object);
      if (put.ok) return { key, location, events, gzipBytes };
    }
    throw new Error("Cannot export: no bucket of the home takes a file");
  }

  /** The bytes of a file, as a stream; `undefined` when it is not there any more. */
  async read(key: string, location: ArchiveLocation): Promise<ReadableStream | undefined> {
    const { sourceId } = this.#parts;
    if (!key.startsWith(exportPrefix(sourceId))) {
      throw new RangeError("Cannot read an export: the key is of no export of this source");
    }
    const object = await this.#bucket(location).get(key);
    if (object.ok) return object.value.body;
    if (object.error.kind === "not-found") return undefined;
    throw new Error("Cannot read an export: the bucket does not answer");
  }

  /** Removes the files of one export. @throws Error when a bucket does not answer. */
  async drop(regulationId: RegulationId): Promise<void> {
    for await (const { bucket, key } of this.#objects(regulationId)) {
      const head = await bucket.head(key);
      await removed(bucket, key, head.ok ? head.value.versionId : undefined);
    }
  }

  /** Removes the files in which any of these users is named. @throws Error as {@link drop}. */
  async erase(request: EraseRequest): Promise<{ readonly erased: number }> {
    const { subjectType: type, subjectIds, linkedIds } = request;
    const linked = linkedIds === undefined ? {} : { linked: new Set(linkedIds) };
    const subjects = { type, ids: new Set(subjectIds), ...linked };
    let erased = 0;
    for await (const { bucket, key } of this.#objects()) {
      const object = await bucket.get(key);
      if (!object.ok && object.error.kind === "not-found") continue;
      if (!object.ok) throw new Error("Cannot forget: a bucket does not answer");
      if (!(await namesAny(object.value.body, subjects, ANY_KEY))) continue;
      await removed(bucket, key, object.value.versionId);
      erased += 1;
    }
    return { erased };
  }

  async *#objects(regulationId?: RegulationId) {
    const prefix = exportPrefix(this.#parts.sourceId, regulationId);
    for (const location of this.#locations()) {
      const bucket = this.#bucket(location);
      let after: string | undefined;
      do {
        const page = await bucket.list(prefix, {
          max: OBJECTS_MAX,
          ...(after === undefined ? {} : { after }),
        });
        if (!page.ok) throw new Error("Cannot list exports: a bucket does not answer");
        for (const { key } of page.value.entries) yield { bucket, key };
        after = page.value.next;
      } while (after !== undefined);
    }
  }

  #locations(): readonly ArchiveLocation[] {
    return HOME_REGIONS[regionOf(this.#parts.sourceId)].locations;
  }

  #bucket(location: ArchiveLocation): Bucket {
    const { config, sourceId, observe } = this.#parts;
    return homeBucket(config, sourceId, location, observe);
  }
}

/** Where versions are kept, without a mark: files are found by listings only. */
async function removed(bucket: Bucket, key: string, versionId: string | undefined): Promise<void> {
  const answer =
    versionId === undefined ? await bucket.remove(key) : await bucket.removeWhole([key]);
  const isLeft = answer.ok && answer.value !== undefined && answer.value.refused.size > 0;
  if (!answer.ok || isLeft) throw new Error("Cannot remove an export: a bucket does not do it");
}
