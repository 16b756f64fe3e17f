import { setTimeout as pause } from "node:timers/promises";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { HeapInspector } from "../support/heap.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { FIVE_DESTINATIONS } from "./isolate-destinations.ts";

/** What one isolate held that has everything: queues under load, and lanes to five destinations. */
export type IsolateFigures = {
  /** Before the first event, without garbage. */
  readonly liveBytesBefore: number;
  /** The most that was in use without garbage, at several moments under load and after it. */
  readonly liveBytesMost: number;
  /** The most that was in use at any look, garbage included. */
  readonly bytesMost: number;
  /** Requests by host. */
  readonly calls: Readonly<Record<string, number>>;
};

export type IsolateOptions = {
  readonly queues: number;
  /** Ids that each queue gets: what a queue remembers before it packs is 200,000 at most. */
  readonly eventsPerQueue: number;
  readonly configPath?: string;
};

const EVENTS_PER_REQUEST = 1_000;
const USERS = 5_000;
const POLL_MS = 100;
const LIVE_EVERY_MS = 10_000;
/** Time for lanes and files after the last event. */
const REST_MS = 15_000;
/** Files are built several times while events come in. */
const SEAL_SECONDS = "20";

/** Starts the product, fills the queues from one sender each, and looks at the heap meanwhile. */
export async function measureIsolate(options: IsolateOptions): Promise<IsolateFigures> {
  const { queues, configPath } = options;
  const vendor = async () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: Buffer.from("{}"),
  });
  const stack = await startStack({
    outbound: Object.fromEntries(FIVE_DESTINATIONS.map(({ host }) => [host, vendor])),
    isInspected: true,
    vars: { SEAL_SECONDS },
    ...(configPath === undefined ? {} : { configPath }),
  });
  const homeport = openHomeport(stack);
  const workspace = await homeport.createWorkspace("eu");
  const sources = await Promise.all(
    Array.from({ length: queues }, () => homeport.createSource(workspace, { rate: 100_000 })),
  );
  await connect(homeport, sources[0]);
  const heap = await HeapInspector.open(await stack.inspectorUrl());
  const liveBytesBefore = await heap.liveBytes();
  const watch = watchHeap(heap);
  await Promise.all(sources.map((source) => send(stack, source, options.eventsPerQueue)));
  await pause(REST_MS);
  const most = await watch.stop();
  const hosts = stack.recorder.calls().map(({ host }) => host);
  const calls = FIVE_DESTINATIONS.map(
    ({ host }) => [host, hosts.filter((each) => each === host).length] as const,
  );
  heap.close();
  // It does not resolve where an inspector was used: the end of this process ends it.
  void stack.stop();
  return { liveBytesBefore, ...most, calls: Object.fromEntries(calls) };
}

async function connect(homeport: Homeport, source: TestSource | undefined): Promise<void> {
  if (source === undefined) return;
  const { token } = source.workspace;
  for (const { slug, settings } of FIVE_DESTINATIONS) {
    const draft = { name: slug, slug, sourceId: source.id, settings };
    const made = await homeport.api(token, "POST", "/api/v1/destinations", draft);
    if (made.status !== 201) {
      throw new Error(`Cannot connect ${slug}: ${JSON.stringify(made.body)}`);
    }
  }
}

async function send(stack: Stack, source: TestSource, events: number): Promise<void> {
  for (let first = 0; first < events; first += EVENTS_PER_REQUEST) {
    const batch = Array.from({ length: EVENTS_PER_REQUEST }, (_, i) => ({
      type: "track",
      event: "Signed Up",
      userId: `user-${(first + i) % USERS}`,
      messageId: `${source.id}-${first + i}`,
      properties: { total: i, currency: "EUR", products: ["a", "b", "c"], page: "/checkout" },
    }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    if (!answer.ok) throw new Error(`Cannot send: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

function watchHeap(heap: HeapInspector): {
  stop(): Promise<Pick<IsolateFigures, "liveBytesMost" | "bytesMost">>;
} {
  let bytesMost = 0;
  let liveBytesMost = 0;
  let isOver = false;
  const look = async (): Promise<void> => {
    liveBytesMost = Math.max(liveBytesMost, await heap.liveBytes());
  };
  const watching = (async () => {
    let liveAtMs = Date.now() + LIVE_EVERY_MS;
    while (!isOver) {
      bytesMost = Math.max(bytesMost, await heap.usedBytes());
      if (Date.now() >= liveAtMs) {
        await look();
        liveAtMs = Date.now() + LIVE_EVERY_MS;
      }
      await pause(POLL_MS);
    }
    await look();
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return { liveBytesMost, bytesMost };
    },
  };
}
