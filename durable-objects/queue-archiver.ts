import { formatKey, monthOf } from "../src/archive/key.ts";
import { platformOnly } from "../src/archive/own-bucket/places.ts";
import { buildUserFilter } from "../src/archive/user-filter.ts";
import { inTime } from "../src/core/in-time.ts";
import { ok } from "../src/core/result.ts";
import type { ArchiverDeps } from "../src/ingest/queue/archiver.ts";
import { Breakers, FAILURES_TO_OPEN, PROBE_MS_MIN } from "../src/s3/breaker.ts";
import { placesOf } from "../src/workspace/storage.ts";
import { PlaceBuckets } from "./place-buckets.ts";
import type { QueueWorkDeps } from "./queue-work.ts";

/** Until the catalogue has to have answered; a file that it did not hear of is recorded again. */
const CATALOGUE_MS_MAX = 30_000;

/** The way from one queue's log to its bucket and its catalogue. */
export function makeArchiver(deps: QueueWorkDeps, incarnation: string): ArchiverDeps {
  const { storage, files, config, sourceId, self, reach, ctx, lease, evidence } = deps;
  const month = (dayMs: number) => reach.archiveMonth(sourceId, monthOf(dayMs));
  const buckets = new PlaceBuckets({
    config,
    sourceId,
    observe: evidence.observer,
    storage: () => lease.current?.storage,
    reach,
  });
  return {
    sourceId,
    log: storage.log,
    files,
    rule: config.seal,
    breakers: new Breakers(
      {
        failuresToOpen: FAILURES_TO_OPEN,
        waitMsMin: PROBE_MS_MIN,
        waitMsMax: config.failover.probeMsMax,
      },
      () => Date.now(),
      () => Math.random(),
    ),
    transaction: (work) => ctx.storage.transactionSync(work),
    sync: () => ctx.storage.sync(),
    locations: () => (lease.current === undefined ? [] : placesOf(lease.current)),
    keyFor: (dayMs, firstSeq, lastSeq) =>
      formatKey({ sourceId, dayMs, ...self, incarnation, firstSeq, lastSeq }),
    put: (location, key, { gzip, ndjsonSha256 }) =>
      buckets.at(location, "writer").putNew(key, gzip, {
        contentType: "text/plain",
        contentEncoding: "gzip",
        meta: { "ndjson-sha256": ndjsonSha256 },
      }),
    storedSha256: async (location, key) => {
      const head = await buckets.at(location, "reader").head(key);
      if (!head.ok) return head;
      const { meta } = head.value;
      // A deletion may have rewritten what an earlier life of ours wrote.
      return ok(meta.get("original-sha256") ?? meta.get("ndjson-sha256") ?? "");
    },
    inCatalogue: (key, dayMs) => inTime(month(dayMs).find(key), CATALOGUE_MS_MAX),
    record: (file, dayMs) => inTime(month(dayMs).record(file), CATALOGUE_MS_MAX),
    suspect: ({ key, dayMs }, locations) =>
      inTime(month(dayMs).suspect([{ key, locations: platformOnly(locations) }]), CATALOGUE_MS_MAX),
    userFilter: buildUserFilter,
  };
}
