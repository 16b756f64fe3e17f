import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  unstable_getMiniflareWorkerOptions as workerOptionsOf,
  unstable_readConfig as readConfig,
} from "wrangler";

/** The Worker as `wrangler deploy` would upload it, and the options that its config file sets. */
export type BundledWorker = {
  /** Part of the name under which its objects' state is kept. */
  readonly name: string;
  readonly script: string;
  readonly scriptPath: string;
  /** Modules beside the script, by the name that it imports them by. */
  readonly wasm: WasmModules;
  readonly options: ReturnType<typeof workerOptionsOf>["workerOptions"];
};

/** Contents of WebAssembly modules by file name. */
export type WasmModules = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Wrangler's program file; its `bin` only looks for the right Node and would add a process. */
export const WRANGLER_CLI = fileURLToPath(
  new URL("../../node_modules/wrangler/wrangler-dist/cli.js", import.meta.url),
);

/**
 * Keeps wrangler from reporting to, or asking, anybody outside this machine, and gives what it runs
 * itself (`[build]` of its config) the Node that runs this.
 */
export const WRANGLER_ENV = {
  PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
} as const;

/**
 * Builds the Worker of `configPath` with wrangler itself, so that tests run what is deployed; into
 * `folder`, or a temporary one.
 *
 * @throws Error with what wrangler said, when the Worker does not build.
 */
export async function bundleWorker(configPath: string, folder?: string): Promise<BundledWorker> {
  const outDir = folder ?? (await mkdtemp(join(tmpdir(), "homeport-bundle-")));
  await runWrangler(["deploy", "--dry-run", "--outdir", outDir, "--config", configPath]);
  const { workerOptions, main = "index.ts" } = workerOptionsOf(configPath);
  const scriptPath = join(outDir, `${basename(main, extname(main))}.js`);
  const { name = "" } = readConfig({ config: configPath });
  const script = await readFile(scriptPath, "utf8");
  return { name, script, scriptPath, wasm: await wasmIn(outDir), options: workerOptions };
}

async function wasmIn(folder: string): Promise<WasmModules> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wasm"));
  const read = names.map(
    async (name) => [name, new Uint8Array(await readFile(join(folder, name)))] as const,
  );
  return new Map(await Promise.all(read));
}

async function runWrangler(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [WRANGLER_CLI, ...args], {
    env: { ...process.env, ...WRANGLER_ENV, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const listen = (chunk: Buffer): void => {
    said += chunk.toString("utf8");
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`Cannot build the Worker, wrangler ended with ${code}:\n${said}`);
}
