import { gzipSync } from "node:zlib";

import { exportPrefix, namesAny, type ExportedFile } from "../src/archive/export-events.ts";
import { homeBucket } from "../src/archive/home-bucket.ts";
import type { ErasedExports, EraseRequest } from "../src/archive/ports.ts";
import type { Spool } from "../src/archive/spool.ts";
import type { Subjects } from "../src/archive/subjects.ts";
import type { GzipFacts } from "../src/archive/gzip-stream.ts";
import type { Config } from "../src/config.ts";
import { regionOf, type RegulationId, type SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { ExportTriesTable } from "./storage/export-tries-table.ts";

/** Keys of one page of a listing. */
const PAGE_MAX = 100;

/** Of one call that erases, between two files of 8 MB. */
const SLICE_MS_MAX = 15_000;

/** What stands in the place of a file whose writing was given up: it refuses the write that is late. */
const NOTHING = gzipSync(new Uint8Array());

const OBJECT = { contentType: "application/gzip" } as const;

/** Keys the hashes of one look; nothing is kept of them. */
const ANY_KEY = "00".repeat(16);

/** Where a deletion is: the location, and the last key there that was looked at. */
type Position = { readonly place: number; readonly after?: string };

export type ExportsParts = {
  readonly tries: ExportTriesTable;
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
    const { tries } = this.#parts;
    for (const location of this.#locations()) {
      await tries.begin({ key, location });
      const put = await this.#bucket(location).putNew(key, content, OBJECT);
      const isOpen = !put.ok && (put.error.kind === "unknown" || put.error.kind === "conflict");
      if (!isOpen) tries.end({ key, location });
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
    this.#parts.tries.forget(exportPrefix(this.#parts.sourceId, regulationId));
    for await (const { bucket, key } of this.#objects(regulationId)) {
      const head = await bucket.head(key);
      await removed(bucket, key, head.ok ? head.value.versionId : undefined);
    }
  }

  /**
   * Removes the files in which any of these users is named, as far as one call goes; asked again with
   * the position that it answers. @throws Error as {@link drop}.
   */
  async erase(request: EraseRequest, position?: string): Promise<ErasedExports> {
    const untilMs = Date.now() + SLICE_MS_MAX;
    if (!(await this.#refuseLate(untilMs))) return { isOver: false, erased: 0, ...kept(position) };
    const { subjectType: type, subjectIds, linkedIds } = request;
    const linked = linkedIds === undefined ? {} : { linked: new Set(linkedIds) };
    const subjects = { type, ids: new Set(subjectIds), ...linked };
    const from = position === undefined ? { place: 0 } : readStored<Position>(position);
    let erased = 0;
    for await (const { bucket, key, place } of this.#objects(undefined, from)) {
      if (await removeIfNamed(bucket, key, subjects)) erased += 1;
      const at: Position = { place, after: key };
      if (Date.now() >= untilMs) return { isOver: false, erased, position: JSON.stringify(at) };
    }
    return { isOver: true, erased };
  }

  /** Whether no write that was given up can land any more. @throws Error as {@link drop}. */
  async #refuseLate(untilMs: number): Promise<boolean> {
    const { tries } = this.#parts;
    for (const { key, location } of tries.open()) {
      if (Date.now() >= untilMs) return false;
      const put = await this.#bucket(location).putNew(key, NOTHING, OBJECT);
      // What has landed by now is looked at as all others are.
      if (!put.ok && put.error.kind !== "already-exists") {
        throw new Error("Cannot forget: a bucket does not answer");
      }
      tries.end({ key, location });
    }
    return true;
  }

  async *#objects(regulationId?: RegulationId, from: Position = { place: 0 }) {
    const prefix = exportPrefix(this.#parts.sourceId, regulationId);
    for (const [place, location] of this.#locations().entries()) {
      if (place < from.place) continue;
      const bucket = this.#bucket(location);
      let after = place === from.place ? from.after : undefined;
      do {
        const page = await bucket.list(prefix, {
          max: PAGE_MAX,
          ...(after === undefined ? {} : { after }),
        });
        if (!page.ok) throw new Error("Cannot list exports: a bucket does not answer");
        for (const { key } of page.value.entries) yield { bucket, key, place };
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

function kept(position: string | undefined): { readonly position?: string } {
  return position === undefined ? {} : { position };
}

/** Removes a file if somebody is named in it; whether anybody was. */
async function removeIfNamed(bucket: Bucket, key: string, subjects: Subjects): Promise<boolean> {
  const object = await bucket.get(key);
  if (!object.ok && object.error.kind === "not-found") return false;
  if (!object.ok) throw new Error("Cannot forget: a bucket does not answer");
  if (!(await namesAny(object.value.body, subjects, ANY_KEY))) return false;
  await removed(bucket, key, object.value.versionId);
  return true;
}

/** Where versions are kept, without a mark: files are found by listings only. */
async function removed(bucket: Bucket, key: string, versionId: string | undefined): Promise<void> {
  const answer =
    versionId === undefined ? await bucket.remove(key) : await bucket.removeWhole([key]);
  const isLeft = answer.ok && answer.value !== undefined && answer.value.refused.size > 0;
  if (!answer.ok || isLeft) throw new Error("Cannot remove an export: a bucket does not do it");
}
