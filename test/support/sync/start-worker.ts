import { basename, dirname, join } from "node:path";

import type { Miniflare } from "miniflare";

/** A Worker of the tests, built by wrangler, in workerd. Whom it trusts is read as it is loaded. */
export async function startWorker(config: string, folder: string): Promise<Miniflare> {
  const { bundleWorker } = await import("../../../scripts/stack/bundle.ts");
  const { convertV4MiniflareOptions, Miniflare } = await import("miniflare");
  const worker = await bundleWorker(config, join(folder, "bundle"));
  const options = convertV4MiniflareOptions({
    host: "127.0.0.1",
    cf: false,
    workers: [
      {
        ...worker.options,
        name: worker.name,
        rootPath: dirname(worker.scriptPath),
        modules: [{ type: "ESModule", path: basename(worker.scriptPath), contents: worker.script }],
      },
    ],
  });
  const started = new Miniflare(options);
  await started.ready;
  return started;
}
