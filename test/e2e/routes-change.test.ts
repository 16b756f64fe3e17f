import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { messageIdsOf, openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

let stack: Stack;
let homeport: Homeport;

const SENDERS = 6;
const EVENTS_PER_BATCH = 10;
const RETRY_MS = 50;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

async function newSource(region: HomeRegion, settings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace(region), settings);
}

type Batch = readonly { readonly messageId: string; readonly userId: string }[];

function batchOf(name: string): Batch {
  return Array.from({ length: EVENTS_PER_BATCH }, (_, n) => ({
    type: "track",
    event: "E",
    userId: `user-${name}-${n % 3}`,
    messageId: `${name}-${n}`,
  }));
}

/** Sends a batch until it is taken, as SDKs do; a Worker that is not there counts as a refusal. */
async function deliver({ writeKey }: TestSource, batch: Batch): Promise<void> {
  const body = JSON.stringify({ writeKey, batch });
  for (;;) {
    const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.status === 200) return;
    if (answer !== undefined && answer.status < 429) {
      throw new Error(`Cannot deliver a batch: refused for good with ${answer.status}`);
    }
    await pause(RETRY_MS);
  }
}

/** Senders that go on until told to stop, and send every batch once more, much later. */
function startLoad(source: TestSource): { readonly finish: () => Promise<Batch> } {
  let stopped = false;
  const run = async (sender: number): Promise<readonly Batch[]> => {
    const sent: Batch[] = [];
    for (let n = 0; !stopped; n++) {
      const batch = batchOf(`${sender}-${n}`);
      sent.push(batch);
      await deliver(source, batch);
      const again = sent[Math.floor(n / 2)];
      if (n % 2 === 1 && again !== undefined) await deliver(source, again);
    }
    return sent;
  };
  const senders = Array.from({ length: SENDERS }, (_, sender) => run(sender));
  return {
    finish: async () => {
      stopped = true;
      const sent = (await Promise.all(senders)).flat();
      // Everything once more, now that all routes are new.
      for (const batch of sent) await deliver(source, batch);
      return sent.flat();
    },
  };
}

async function change(source: TestSource, patch: Readonly<Record<string, unknown>>): Promise<void> {
  const { token } = source.workspace;
  const answer = await homeport.api(token, "PATCH", `/api/v1/sources/${source.id}`, patch);
  if (answer.status !== 200) throw new Error(`Cannot change the source: ${answer.status}`);
}

async function routeOf({ id, workspace }: TestSource): Promise<unknown> {
  const { body } = await homeport.api(workspace.token, "GET", `/api/v1/sources/${id}`);
  return (body["source"] as Readonly<Record<string, unknown>>)["route"];
}

/** The queues that wrote the source's files, as `eu1-3`. */
async function queuesOf(source: TestSource): Promise<ReadonlySet<string>> {
  const files = await homeport.files(source);
  const names = files.map(({ key }) => key.split("/").at(-1) ?? "");
  return new Set(names.map((name) => name.split("-", 2).join("-")));
}

describe("messageIds that are sent again", () => {
  it("after workerd was killed and started again stand once", async () => {
    const source = await newSource("eu");
    const batches = Array.from({ length: 20 }, (_, n) => batchOf(`kill-${n}`));
    for (const batch of batches) await deliver(source, batch);

    await stack.kill();
    await stack.restart();
    for (const batch of batches) await deliver(source, batch);

    const events = await homeport.settledEvents(source);
    expect(messageIdsOf(events)).toEqual(messageIdsOf(batches.flat()));
  });

  it("while shards are raised under load, with routes that are stale, stand once", async () => {
    const source = await newSource("eu");
    const load = startLoad(source);

    for (const shards of [2, 8]) {
      await pause(500);
      await change(source, { shards });
      await expect
        .poll(() => routeOf(source), { timeout: 20_000 })
        .toMatchObject({ state: "open" });
    }
    await pause(500);
    const sent = await load.finish();

    const events = await homeport.settledEvents(source, 8);
    expect(messageIdsOf(events)).toEqual(messageIdsOf(sent));
    expect((await queuesOf(source)).size).toBe(8);
  });

  it("across a change of the ingest region, us1 to eu1 and back, stand once", async () => {
    const source = await newSource("us");
    const load = startLoad(source);

    for (const ingestRegion of ["eu1", "us1"]) {
      await pause(500);
      await change(source, { ingestRegion });
      await expect
        .poll(() => routeOf(source), { timeout: 20_000 })
        .toMatchObject({ state: "open" });
    }
    await pause(500);
    const sent = await load.finish();

    const events = await homeport.settledEvents(source);
    expect(messageIdsOf(events)).toEqual(messageIdsOf(sent));
    expect(await queuesOf(source)).toEqual(new Set(["us1-0", "eu1-0"]));
    expect(await homeport.straysOf(source)).toEqual([]);
  });

  it("while workerd is killed in the middle of a change of shards and region stand once", async () => {
    const source = await newSource("us", { shards: 2 });
    const load = startLoad(source);

    await pause(300);
    const patch = { shards: 4, ingestRegion: "eu1" };
    const interrupted = change(source, patch).catch(() => undefined);
    await pause(10);
    await stack.kill();
    await stack.restart();
    await interrupted;
    // Asked again, as an operator would: it may or may not have been noted before the kill.
    await change(source, patch).catch(() => undefined);
    await expect.poll(() => routeOf(source), { timeout: 20_000 }).toMatchObject({ state: "open" });
    await pause(500);
    const sent = await load.finish();

    const events = await homeport.settledEvents(source, 4);
    expect(messageIdsOf(events)).toEqual(messageIdsOf(sent));
    expect(await queuesOf(source)).toContain("eu1-3");
  });
});
