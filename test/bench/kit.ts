import { fileURLToPath } from "node:url";

import { convertV4MiniflareOptions, Miniflare, Response, type Request } from "miniflare";

import { CATALOGUE } from "../../src/deliver/catalogue/catalogue.ts";
import { heapBytesAt } from "../support/heap.ts";
import { bundle } from "./subjects.ts";

/**
 * `npx -c 'node test/bench/kit.ts'`: what Segment's destinations take of an isolate's memory, with
 * the garbage that they leave: the Worker alone, five destinations that delivered, all of the catalogue
 * loaded. Ends with 1 above the bound.
 */
const ENTRY = fileURLToPath(new URL("kit.worker.ts", import.meta.url));
const MEGABYTE = 1_000_000;

/** An isolate has 128 MB; queues and lanes need the rest. */
const FIVE_MEGABYTES_MAX = 96;

const EVENTS = 2_000;

/** Five that are used most, of different sizes, with settings that their code accepts. */
const FIVE = [
  { slug: "amplitude", settings: { apiKey: "a", secretKey: "s" } },
  { slug: "mixpanel", settings: { projectToken: "t", apiSecret: "s" } },
  { slug: "braze", settings: { api_key: "k", endpoint: "https://rest.fra-01.braze.eu" } },
  { slug: "customerio", settings: { siteId: "s", apiKey: "k" } },
  { slug: "posthog", settings: { api_key: "k", project_id: "1" } },
].map((order) => ({ ...order, mappings: [], declaredHosts: [], events: EVENTS }));

async function main(): Promise<number> {
  const { script, wasm } = await bundle(ENTRY);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      modules: [
        { type: "ESModule", path: "worker.js", contents: script },
        ...Array.from(wasm, ([path, contents]) => ({
          type: "CompiledWasm" as const,
          path,
          contents,
        })),
      ],
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      outboundService: async (request: Request) => {
        // A connection whose last request was not read to its end would hold up the next one.
        await request.arrayBuffer();
        return Response.json({ status: "ok" });
      },
      inspectorPort: 0,
    }),
  );
  try {
    await miniflare.ready;
    const inspector = `${String(await miniflare.getInspectorURL())}core:user:`;
    const order = async (orders: readonly unknown[]): Promise<unknown> => {
      const response = await miniflare.dispatchFetch("http://kit/", {
        method: "POST",
        body: JSON.stringify(orders),
      });
      return response.json();
    };
    const heap = async (): Promise<number> =>
      Math.round(((await heapBytesAt(inspector)) / MEGABYTE) * 10) / 10;
    await order([]);
    const alone = await heap();
    const outcomes = await order(FIVE);
    const five = await heap();
    await order(CATALOGUE.map(({ slug }) => ({ slug, events: 0 })));
    const all = await heap();
    console.log({ scriptMegabytes: script.length / MEGABYTE, outcomes });
    console.log({ alone, five, all, destinations: CATALOGUE.length });
    return five <= FIVE_MEGABYTES_MAX ? 0 : 1;
  } finally {
    // It does not resolve while an inspector was used; the process ends it.
    void miniflare.dispose();
  }
}

process.exit(await main());
