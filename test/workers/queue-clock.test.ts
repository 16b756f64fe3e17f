import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const HOUR_MS = 3_600_000;
const REF = { ingestRegion: "eu1", shard: 0 } as const;

let queue: QueuePort;
let sourceId: SourceId;
let startMs: number;
const keys: string[] = [];

beforeEach(async () => {
  const { token } = await makeWorkspace("eu");
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  queue = makeServices().queue(sourceId, REF);
  startMs = Date.now();
  keys.length = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (request) => {
    keys.push(new URL((request as Request).url).pathname);
    return new Response(null, { status: 200 });
  });
});

/** Sets the clock of all objects to that long after the start of the test. */
function setClock(ms: number): void {
  vi.spyOn(Date, "now").mockReturnValue(startMs + ms);
}

describe("a queue whose clock was ahead for a while", () => {
  it("archives at the usual time what it took meanwhile", async () => {
    setClock(24 * HOUR_MS);
    await queue.append(appendOf(["a"]));

    setClock(0);
    await queue.poke();
    setClock(61_000);
    await queue.poke();

    expect(await queue.status()).toMatchObject({ waitingEvents: 0 });
  });

  it("names no file by an earlier day than the file before, also after a restart", async () => {
    setClock(48 * HOUR_MS);
    await queue.append(appendOf(["a"]));
    setClock(2 * HOUR_MS);
    await queue.poke();
    setClock(3 * HOUR_MS);
    await queue.poke();
    await evictDurableObject(
      locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...REF }, CONFIG.jurisdictions),
    );

    await queue.append(appendOf(["b"]));
    setClock(4 * HOUR_MS);
    await queue.poke();

    const [first, second] = keys.map((key) => Number(key.split("/").at(-2)));
    expect(second).toBe(first);
  });
});
