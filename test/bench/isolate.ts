import { setTimeout as pause } from "node:timers/promises";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { heapBytesAt } from "../support/heap.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

/**
 * `npx -c 'node test/bench/isolate.ts'`: what one isolate holds that has everything: eight queues under
 * load, and lanes to five of Segment's destinations. Garbage is counted. Ends with 1 above the bound.
 */
const MEGABYTE = 1_000_000;
const HEAP_MEGABYTES_MAX = 96;

const QUEUES = 8;
const EVENTS_PER_QUEUE = 20_000;
const EVENTS_PER_REQUEST = 100;
const POLL_MS = 250;
/** Time for lanes and seals after the last event. */
const REST_MS = 20_000;

const DESTINATIONS = [
  { slug: "amplitude", settings: { apiKey: "a", secretKey: "s" }, hosts: ["api.eu.amplitude.com"] },
  {
    slug: "mixpanel",
    settings: { projectToken: "t", apiSecret: "s" },
    hosts: ["api-eu.mixpanel.com"],
  },
  {
    slug: "braze",
    settings: { api_key: "k", endpoint: "https://rest.fra-01.braze.eu" },
    hosts: ["rest.fra-01.braze.eu"],
  },
  { slug: "customerio", settings: { siteId: "s", apiKey: "k" }, hosts: ["track-eu.customer.io"] },
  { slug: "posthog", settings: { api_key: "k", project_id: "1" }, hosts: ["eu.i.posthog.com"] },
];

async function main(): Promise<number> {
  const vendor = async () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: Buffer.from("{}"),
  });
  const hosts = DESTINATIONS.flatMap(({ hosts: own }) => own);
  const outbound = Object.fromEntries(hosts.map((host) => [host, vendor]));
  const stack = await startStack({ outbound, isInspected: true });
  try {
    const homeport = openHomeport(stack);
    const workspace = await homeport.createWorkspace("eu");
    const sources = await Promise.all(
      Array.from({ length: QUEUES }, () => homeport.createSource(workspace, { rate: 100_000 })),
    );
    await connect(homeport, sources[0]);
    const inspector = await stack.inspectorUrl();
    const before = await heapBytesAt(inspector);
    const watch = watchHeap(inspector);
    await Promise.all(sources.map((source) => send(stack, source)));
    await pause(REST_MS);
    const most = await watch.stop();
    const reached = stack.recorder.calls().flatMap(({ host }) => hosts.filter((at) => at === host));
    console.log({
      queues: QUEUES,
      events: QUEUES * EVENTS_PER_QUEUE,
      destinationsReached: [...new Set(reached)],
      megabytesBefore: Math.round(before / MEGABYTE),
      megabytesMost: Math.round(most / MEGABYTE),
    });
    return most <= HEAP_MEGABYTES_MAX * MEGABYTE ? 0 : 1;
  } finally {
    // It does not resolve while an inspector was used; the process ends it.
    void stack.stop();
    await pause(1000);
  }
}

async function connect(homeport: Homeport, source: TestSource | undefined): Promise<void> {
  if (source === undefined) return;
  const { token } = source.workspace;
  for (const { slug, settings } of DESTINATIONS) {
    const draft = { name: slug, slug, sourceId: source.id, settings };
    const made = await homeport.api(token, "POST", "/api/v1/destinations", draft);
    if (made.status !== 201)
      throw new Error(`Cannot connect ${slug}: ${JSON.stringify(made.body)}`);
  }
}

async function send(stack: Stack, source: TestSource): Promise<void> {
  for (let first = 0; first < EVENTS_PER_QUEUE; first += EVENTS_PER_REQUEST) {
    const batch = Array.from({ length: EVENTS_PER_REQUEST }, (_, i) => ({
      type: "track",
      event: "Order Completed",
      userId: `user-${(first + i) % 5000}`,
      messageId: `${source.id}-${first + i}`,
      properties: { total: i, currency: "EUR", products: ["a", "b", "c"], page: "/checkout" },
    }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    if (!answer.ok) throw new Error(`Cannot send: ${answer.status} ${await answer.text()}`);
  }
}

/** The most that was in use at any look. */
function watchHeap(inspector: string): { stop(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await heapBytesAt(inspector));
      await pause(POLL_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return most;
    },
  };
}

process.exit(await main());
