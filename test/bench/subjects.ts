import { mkdir } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { unstable_readConfig as readConfig } from "wrangler";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { buildKit } from "../../scripts/kit/build.ts";
import { bundleWorker, type WasmModules } from "../../scripts/stack/bundle.ts";
import { devVars } from "../../scripts/stack/dev-settings.ts";
import { freePort } from "../../scripts/stack/ports.ts";
import { Workerd } from "./workerd.ts";

/** One of the Workers that are compared. */
export type Subject = {
  readonly workerd: Workerd;
  /** Where to send a load that has a log of its own, and the key that opens it. */
  way(name: string, events: number): Promise<Way>;
  stop(): Promise<void>;
};

export type Way = {
  readonly path: string;
  readonly writeKey: string;
  /** The source, where there is one. */
  readonly sourceId: string;
};

/** Ours, and what it needs around it. */
export type Ours = Subject & { readonly aws: LocalAws };

const WRANGLER_TOML = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
/** No source may reach this in a run, since a refused request would be measured as a fast one. */
const RATE_PER_SECOND = 100_000;
/** The same for all three, so that only their code differs. */
const COMPATIBILITY = {
  compatibilityDate: "2026-10-01",
  compatibilityFlags: ["global_fetch_strictly_public"],
};

export async function startFloor(directory: string): Promise<Subject> {
  return startPlain(directory, "floor.ts", { LOG: "Log" });
}

export async function startNaive(directory: string): Promise<Subject> {
  return startPlain(directory, "naive.ts", { QUEUE: "Queue" });
}

async function startPlain(
  directory: string,
  file: string,
  objects: Readonly<Record<string, string>>,
): Promise<Subject> {
  await mkdir(directory, { recursive: true });
  const bundled = await bundle(fileURLToPath(new URL(file, import.meta.url)));
  const workerd = await Workerd.start({
    directory,
    ...bundled,
    objects,
    vars: {},
    ...COMPATIBILITY,
  });
  return {
    workerd,
    way: (name) => Promise.resolve({ path: `/?${name}`, writeKey: "none", sourceId: name }),
    stop: () => workerd.stop(),
  };
}

/** The product as it is deployed, with local AWS as its buckets and the given vars. */
export async function startOurs(
  directory: string,
  settings: {
    readonly vars?: Readonly<Record<string, string>>;
    /** Another entry module than the deployed one. */
    readonly entry?: string;
    readonly inspectorPort?: number;
  } = {},
): Promise<Ours> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const [aws, { script, wasm }] = await Promise.all([
    startLocalAws({ stateDir: join(directory, "aws") }),
    settings.entry === undefined
      ? bundleWorker(WRANGLER_TOML, join(directory, "bundle"))
      : bundle(settings.entry),
  ]);
  const { SEAL_SECONDS: _short, ...vars } = await devVars(port, directory, aws);
  const workerd = await Workerd.start({
    directory,
    script,
    wasm,
    port,
    objects: {
      WORKSPACE: "Workspace",
      INGEST_QUEUE: "IngestQueue",
      ARCHIVE: "Archive",
      ARCHIVE_MONTH: "ArchiveMonth",
      REGION_DIRECTORY: "RegionDirectory",
      DELIVERY_LANE: "DeliveryLane",
    },
    vars: { ...vars, ...settings.vars },
    ...COMPATIBILITY,
    ...(settings.inspectorPort === undefined ? {} : { inspectorPort: settings.inspectorPort }),
  });
  const token = await makeWorkspace(port, vars["OPERATOR_TOKEN"] ?? "");
  return {
    workerd,
    aws,
    way: async (name, events) => {
      const draft = { name, type: "http-api", rate: RATE_PER_SECOND };
      const { source, writeKey } = await api<{ source: { id: string }; writeKey: string }>(
        port,
        "sources",
        token,
        draft,
      );
      return { path: events === 1 ? "/v1/track" : "/v1/batch", writeKey, sourceId: source.id };
    },
    stop: async () => {
      await workerd.stop();
      await aws.stop();
    },
  };
}

async function makeWorkspace(port: number, operatorToken: string): Promise<string> {
  const draft = { name: "Benchmark", region: "eu" };
  const { invite } = await api<{ invite: string }>(port, "workspaces", operatorToken, draft);
  const { token } = await api<{ token: string }>(port, "invites/redeem", "", { invite });
  return token;
}

async function api<T>(port: number, path: string, token: string, body: unknown): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Cannot POST ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Builds an entry module that wrangler does not know of, as wrangler would. */
export async function bundle(
  entry: string,
): Promise<{ readonly script: string; readonly wasm: WasmModules }> {
  await buildKit();
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    outdir: "out",
    format: "esm",
    target: "es2024",
    alias: guardedModules(),
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy" },
    plugins: [NODE_MODULES],
  });
  const script = outputFiles.find(({ path }) => path.endsWith(".js"));
  const wasm = outputFiles.filter(({ path }) => path.endsWith(".wasm"));
  return {
    script: script?.text ?? "",
    wasm: new Map(wasm.map(({ path, contents }) => [basename(path), new Uint8Array(contents)])),
  };
}

/** The same modules as in the deployed Worker stand where the guard's are. */
function guardedModules(): Record<string, string> {
  const { alias = {} } = readConfig({ config: WRANGLER_TOML });
  return Object.fromEntries(
    Object.entries<string>(alias).map(([name, path]) => [name, join(dirname(WRANGLER_TOML), path)]),
  );
}

/** Node's modules under their short names, which workerd has under their long ones only. */
const NODE_MODULES: Plugin = {
  name: "node-modules",
  setup(build) {
    build.onResolve({ filter: /^[a-z]\w*(?:\/[a-z]+)?$/ }, ({ path }) =>
      builtinModules.includes(path) && !(path in guardedModules())
        ? { path: `node:${path}`, external: true }
        : undefined,
    );
  },
};
