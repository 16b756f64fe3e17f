import { describe, expect, it } from "vitest";

import type { RecordedFile } from "../../../../src/archive/archive-file.ts";
import { err, ok } from "../../../../src/core/result.ts";
import { archiveNext, type ArchiverDeps } from "../../../../src/ingest/queue/archiver.ts";
import type { ArchiveLocation } from "../../../../src/region/regions.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { Killed, QueueModel, World } from "../../../support/queue-model.ts";
import { sourceConfigOf } from "../../../support/source-configs.ts";

const NOON = Date.UTC(2026, 10, 22, 12);

/** A queue with one event and two buckets; what happens is written down in order. */
class TwoBuckets {
  readonly steps: string[] = [];
  readonly recorded: RecordedFile[] = [];
  readonly stored = new Map<ArchiveLocation, string>();
  locations: readonly ArchiveLocation[] = ["eu-west-1", "eu-central-1"];
  /** The PUT arrives, its answer does not. */
  losesAnswers = false;
  diesAfterRecord = false;
  /** What the catalogue holds under the file's name already, where it differs. */
  held: Partial<RecordedFile> = {};
  readonly queue: QueueModel;
  readonly #disk = new NodeStorage();

  constructor() {
    this.queue = new QueueModel(this.#disk, new World(), { nowMs: NOON }, sourceConfigOf());
    this.queue.append(appendOf(["a"]));
  }

  archive() {
    const { storage, files } = this.queue;
    const deps: ArchiverDeps = {
      sourceId: "src_eu_x",
      log: storage.log,
      files,
      rule: { afterMs: 0, bytes: 1_000_000 },
      transaction: (work) => this.#disk.transactionSync(work),
      sync: async () => void this.steps.push("sync"),
      locations: () => this.locations,
      keyFor: () => "key",
      put: async (location, _key, { ndjsonSha256 }) => {
        this.steps.push(`put ${location} after ${JSON.stringify(files.sealed()?.tried)}`);
        this.stored.set(location, ndjsonSha256);
        return this.losesAnswers ? err({ kind: "unknown", code: "timeout" }) : ok({});
      },
      storedSha256: async (location) => this.stored.get(location),
      inCatalogue: async (key) => this.recorded.find((file) => file.key === key),
      record: async (file) => {
        this.steps.push(`record at ${file.location} from ${files.archivedSeq()}`);
        this.recorded.push(file);
        if (this.diesAfterRecord) throw new Killed();
        return { ...file, ...this.held };
      },
      userFilter: () => new Uint8Array(),
    };
    return archiveNext(deps);
  }
}

describe("archiveNext()", () => {
  it("writes the range down, sends it, records it, and only then moves on", async () => {
    const buckets = new TwoBuckets();

    await buckets.archive();

    expect(buckets.steps).toEqual([
      "sync",
      'put eu-west-1 after ["eu-west-1"]',
      "record at eu-west-1 from 0",
    ]);
    expect(buckets.queue.files.archivedSeq()).toBe(1);
  });

  it("records a file where a PUT without an answer left it, and writes no second copy", async () => {
    const buckets = new TwoBuckets();
    buckets.losesAnswers = true;
    await buckets.archive();
    buckets.losesAnswers = false;
    buckets.locations = ["eu-central-1"];

    await buckets.archive();

    expect([...buckets.stored.keys()]).toEqual(["eu-west-1"]);
    expect(buckets.recorded.map((file) => file.location)).toEqual(["eu-west-1"]);
  });

  it("writes down every location before it sends anything there", async () => {
    const buckets = new TwoBuckets();
    buckets.losesAnswers = true;
    await buckets.archive();
    buckets.stored.clear();
    buckets.locations = ["eu-central-1"];

    await buckets.archive();

    expect(buckets.steps.at(-1)).toBe('put eu-central-1 after ["eu-west-1","eu-central-1"]');
  });

  it("sends nothing again that the catalogue holds already", async () => {
    const buckets = new TwoBuckets();
    buckets.diesAfterRecord = true;
    await buckets.archive().catch(() => undefined);
    buckets.locations = ["eu-central-1"];
    buckets.steps.length = 0;

    await buckets.archive();

    expect([buckets.steps, buckets.queue.files.archivedSeq()]).toEqual([[], 1]);
  });

  it("stops where the catalogue holds other events under the file's name", async () => {
    const buckets = new TwoBuckets();
    buckets.held = { ndjsonSha256: "00" };

    const outcome = await buckets.archive();

    expect([outcome.kind, buckets.queue.files.archivedSeq()]).toEqual(["conflict", 0]);
  });
});
