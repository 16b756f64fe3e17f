import { evictDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";

import { IngestQueue } from "../../durable-objects/ingest-queue.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueueRef, Route, SourceConfig } from "../../src/workspace/source-config.ts";
import { appendOf } from "../support/appends.ts";
import { routeOf, sourceConfigOf } from "../support/source-configs.ts";
import { CONFIG, ENV, makeServices } from "./support/api.ts";

const SOURCE: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
const MERGED: QueueRef = { ingestRegion: "eu1", shard: 0 };
const EARLIER: QueueRef = { ingestRegion: "eu1", shard: 1 };

/** Two shards became one: the first queue has to ask the second for ids. */
function routeTo(state: Route["state"]): Route {
  const endedAtMs = Date.now();
  return routeOf({ n: 2, state, earlier: [{ n: 1, shards: 2, ingestRegion: "eu1", endedAtMs }] });
}

/** Answers of predecessors are on their way until `arrive` is called. */
function delayAnswers(): { arrive(): void; asked(): Promise<void> } {
  let isDelayed = true;
  let asked = 0;
  const known = Reflect.get(IngestQueue.prototype, "known") as IngestQueue["known"];
  vi.spyOn(IngestQueue.prototype, "known").mockImplementation(async function (
    this: IngestQueue,
    prints,
  ) {
    const answer = await known.call(this, prints);
    asked += 1;
    while (isDelayed) await scheduler.wait(1);
    return answer;
  });
  return {
    arrive: () => void (isDelayed = false),
    asked: () => vi.waitUntil(() => asked > 0).then(() => undefined),
  };
}

function configOf(version: number, route: Route): SourceConfig {
  return sourceConfigOf({ sourceId: SOURCE, version, route });
}

it("keeps to its fence when it starts anew and an older config comes late", async () => {
  const queue = makeServices().queue(SOURCE, EARLIER);
  await queue.fence(configOf(2, routeTo("fencing")));
  const name = { kind: "queue", sourceId: SOURCE, ...EARLIER } as const;
  await evictDurableObject(locate(ENV.INGEST_QUEUE, name, CONFIG.jurisdictions));
  await queue.push(configOf(1, routeOf({ shards: 2 })));

  expect(await queue.append(appendOf(["a"], { epoch: 1 }))).toMatchObject({ kind: "moved" });
});

it("takes no event that an earlier queue took after it was asked and before its fence", async () => {
  const services = makeServices();
  const [merged, earlier] = [services.queue(SOURCE, MERGED), services.queue(SOURCE, EARLIER)];
  await earlier.push(configOf(1, routeOf({ shards: 2 })));
  await merged.push(configOf(2, routeTo("fencing")));
  const answers = delayAnswers();

  const early = merged.append(appendOf(["a"], { epoch: 2 }));
  await Promise.race([early, answers.asked()]);
  await earlier.append(appendOf(["a"], { epoch: 1 }));
  await earlier.fence(configOf(2, routeTo("fencing")));
  await merged.push(configOf(3, routeTo("open")));
  answers.arrive();

  expect(await early).toMatchObject({ kind: "unavailable", reason: "opening" });
});
