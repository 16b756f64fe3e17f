import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

import { bundle } from "../bench/subjects.ts";
import { heapBytesAt } from "../support/heap.ts";

const ENTRY = fileURLToPath(new URL("dedup-window.worker.ts", import.meta.url));

/** A real workerd with the object of `dedup-window.worker.ts`, its storage on disk. */
export class WorkerdWindow {
  readonly #miniflare: Miniflare;
  readonly #inspector: string;
  readonly #pid: number | undefined;

  private constructor(miniflare: Miniflare, inspector: string, pid: number | undefined) {
    this.#miniflare = miniflare;
    this.#inspector = inspector;
    this.#pid = pid;
  }

  static async start(directory: string): Promise<WorkerdWindow> {
    const before = workerdChildren();
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
        durableObjects: { WINDOW: { className: "DedupWindow", useSQLite: true } },
        resourcePersistencePath: directory,
        inspectorPort: 0,
      }),
    );
    await miniflare.ready;
    const pid = workerdChildren().find((child) => !before.includes(child));
    // The path names the Worker; miniflare calls the first one without a name so.
    const inspector = `${String(await miniflare.getInspectorURL())}core:user:`;
    return new WorkerdWindow(miniflare, inspector, pid);
  }

  async call<T>(method: string, ...numbers: readonly number[]): Promise<T> {
    const response = await this.#miniflare.dispatchFetch(`http://window/${method}`, {
      method: "POST",
      body: JSON.stringify(numbers),
    });
    if (!response.ok) throw new Error(`Cannot ${method}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The isolate's heap with the bytes of ArrayBuffers, garbage not collected yet included. */
  async heapBytes(): Promise<number> {
    return heapBytesAt(this.#inspector);
  }

  /** Resident memory of the process of workerd; Linux only. */
  residentBytes(): number | undefined {
    if (this.#pid === undefined) return undefined;
    const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"));
    return match === null ? undefined : Number(match[1]) * 1024;
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
  }
}

/** Processes of workerd that this process started; empty where there is no /proc. */
function workerdChildren(): readonly number[] {
  try {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      const [, comm, parent] = /^\d+ \((.*)\) \S+ (\d+)/.exec(stat(name)) ?? [];
      return comm === "workerd" && Number(parent) === process.pid ? [Number(name)] : [];
    });
  } catch {
    return [];
  }
}

function stat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
