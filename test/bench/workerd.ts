import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import type { WasmModules } from "../../scripts/stack/bundle.ts";
import { freePort } from "../../scripts/stack/ports.ts";

/** A Worker as workerd runs it: one module, its objects, its vars. */
export type WorkerdOptions = {
  readonly directory: string;
  readonly script: string;
  readonly wasm?: WasmModules;
  /** Class by binding. */
  readonly objects: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly port?: number;
  readonly inspectorPort?: number;
};

/** The package has no types, and its default export is hidden from `import`. */
const program = createRequire(import.meta.url)("workerd") as {
  readonly default: string;
  readonly version: string;
};

export const WORKERD_VERSION = program.version;

const READY_POLL_MS = 20;
const TEXT = JSON.stringify;

/** The native program alone, without Miniflare around it: nothing else takes part in the figures. */
export class Workerd {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  /** Starts it, with its storage in files below the directory, and resolves once it listens. */
  static async start(options: WorkerdOptions): Promise<Workerd> {
    const port = options.port ?? (await freePort());
    const state = join(options.directory, "state");
    await mkdir(state, { recursive: true });
    await writeFile(join(options.directory, "worker.js"), options.script);
    for (const [name, contents] of options.wasm ?? []) {
      await writeFile(join(options.directory, name), contents);
    }
    const config = join(options.directory, "config.capnp");
    await writeFile(config, configOf(options, port, state));
    const inspector =
      options.inspectorPort === undefined
        ? []
        : [`--inspector-addr=127.0.0.1:${options.inspectorPort}`];
    const child = spawn(program.default, ["serve", config, ...inspector], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    process.once("exit", () => child.kill("SIGKILL"));
    const workerd = new Workerd(port, child);
    while (!(await listens(port))) {
      if (child.exitCode !== null)
        throw new Error(`Cannot start workerd: it ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    return workerd;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Keeps it from using the machine while another one is measured. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => resolve(true));
    probe.once("error", () => resolve(false));
    probe.once("connect", () => probe.destroy());
  });
}

function configOf(options: WorkerdOptions, port: number, state: string): string {
  const { objects, vars, compatibilityDate, compatibilityFlags } = options;
  const bindings = [
    ...Object.entries(objects).map(
      ([name, className]) => `(name = ${TEXT(name)}, durableObjectNamespace = ${TEXT(className)})`,
    ),
    ...Object.entries(vars).map(([name, value]) => `(name = ${TEXT(name)}, text = ${TEXT(value)})`),
  ];
  const namespaces = Object.values(objects).map(
    (name) => `(className = ${TEXT(name)}, uniqueKey = ${TEXT(name)}, enableSql = true)`,
  );
  const wasm = Array.from(
    options.wasm?.keys() ?? [],
    (name) => `(name = ${TEXT(name)}, wasm = embed ${TEXT(name)})`,
  );
  const modules = [`(name = "worker.js", esModule = embed "worker.js")`, ...wasm];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "disk", disk = (path = ${TEXT(state)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${TEXT(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map((flag) => TEXT(flag)).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
  globalOutbound = "internet",
);
`;
}
