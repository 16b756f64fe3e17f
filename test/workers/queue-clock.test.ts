import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import type { QueuePort } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, makeServices, makeWorkspace } from "./support/api.ts";

const HOUR_MS = 3_600_000;

let queue: QueuePort;
let startMs: number;

beforeEach(async () => {
  const { token } = await makeWorkspace("eu");
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  const sourceId = made.body.source.id as SourceId;
  queue = makeServices().queue(sourceId, { ingestRegion: "eu1", shard: 0 });
  startMs = Date.now();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 200 }));
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
});
