import { fileURLToPath } from "node:url";

import { convertV4MiniflareOptions, Miniflare } from "miniflare";

import { bundle } from "./subjects.ts";
import type { Order } from "./syncs-order.ts";

const ENTRY = fileURLToPath(new URL("syncs.worker.ts", import.meta.url));

/** What an isolate may have on the platform; V8 collects by the room it believes to have. */
const HEAP_MEGABYTES = 128;

/** A real workerd with objects that have the state of a sync, on disk. */
export class SyncsWorkerd {
  readonly #miniflare: Miniflare;
  /** Where the isolate's heap can be looked at. */
  readonly inspector: string;

  private constructor(miniflare: Miniflare, inspector: string) {
    this.#miniflare = miniflare;
    this.inspector = inspector;
  }

  static async start(directory: string): Promise<SyncsWorkerd> {
    process.env["MINIFLARE_WORKERD_V8_FLAGS"] = `--max-heap-size=${HEAP_MEGABYTES}`;
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
        durableObjects: { SYNC: { className: "BenchSync", useSQLite: true } },
        resourcePersistencePath: directory,
        inspectorPort: 0,
      }),
    );
    await miniflare.ready;
    return new SyncsWorkerd(miniflare, `${String(await miniflare.getInspectorURL())}core:user:`);
  }

  /** What the object answered, and how long it took. */
  async ask(
    object: string,
    order: Pick<Order, "what"> & Partial<Order>,
  ): Promise<{ readonly value: number; readonly seconds: number }> {
    const began = performance.now();
    const table = { rows: 0, salt: 0, changedEvery: 1, gone: 0 };
    const response = await this.#miniflare.dispatchFetch(`http://sync/${object}`, {
      method: "POST",
      body: JSON.stringify({ engine: "ordered_merge", table, ...order }),
    });
    if (!response.ok) throw new Error(`Cannot ${order.what}: ${await response.text()}`);
    const value = (await response.json()) as number;
    return { value, seconds: (performance.now() - began) / 1000 };
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
  }
}
