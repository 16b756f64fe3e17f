import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from "miniflare";
import { LOCATIONS, type LocalAwsOptions } from "../local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../local-aws/start.ts";
import { bundleWorker, type BundledWorker } from "./bundle.ts";
import { DEV_OPERATOR_TOKEN, devVars, type WorkerVars } from "./dev-settings.ts";
import { outputTo, TAIL_NAME, tailWorker, type Output } from "./output.ts";
import { freePort, refuseTakenPort } from "./ports.ts";
import { Recorder, type Route } from "./recorder.ts";
import { workerdPidsOf } from "./workerd-process.ts";

export type StackOptions = {
  /** A free one when absent. */
  readonly port?: number;
  /** Kept after `stop()`; a temporary folder, removed by `stop()`, when absent. */
  readonly stateDir?: string;
  /** Added to the vars of the dev stack, or put in their place. */
  readonly vars?: WorkerVars;
  /** Routes besides those of the local S3 endpoints, by host (with the port, if it is named). */
  readonly outbound?: Readonly<Record<string, Route>>;
  readonly localAws?: Omit<LocalAwsOptions, "stateDir">;
  /** The project's own `wrangler.toml` when absent. */
  readonly configPath?: string;
  /** What `request.cf` says of every request, for example the colo; never asked of the network. */
  readonly cf?: Readonly<Record<string, unknown>>;
  /** Opens workerd's inspector, for what memory is in use. */
  readonly isInspected?: boolean;
  /** Runs the scheduled handler each minute, as the platform does. */
  readonly cron?: boolean;
  /** Hears what workerd and Miniflare print, which is then not shown, and all exceptions. */
  readonly output?: Output;
};

/** The built Worker in workerd, a local AWS, and a recorder of everything that goes out. */
export type Stack = {
  readonly port: number;
  readonly url: string;
  readonly stateDir: string;
  readonly operatorToken: string;
  readonly vars: WorkerVars;
  readonly aws: LocalAws;
  readonly recorder: Recorder;
  /** The pid of the native program; another one after each `restart()`. */
  readonly workerdPid: () => Promise<number>;
  /** Where the isolate's inspector listens, with `isInspected`. */
  readonly inspectorUrl: () => Promise<string>;
  /** Ends the native program at once, as a power cut would; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Starts the Worker again on the same port with the same state. */
  readonly restart: () => Promise<void>;
  /** Runs the scheduled handler now. */
  readonly runCron: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const OWN_CONFIG_PATH = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
const CRON_PATH = "/cdn-cgi/local/scheduled";
const CRON_EVERY_MS = 60_000;
/** Where `wrangler dev --persist-to` keeps its state, so that both can go on from the same. */
const WRANGLER_STATE_FOLDER = "v3";
const GONE_POLL_MS = 5;

let startS3: (options: LocalAwsOptions) => Promise<LocalAws> = startLocalAws;

/** Has the stacks that this process starts from now on use another S3 than the local AWS: for tests. */
export function useS3(start: typeof startS3): void {
  startS3 = start;
}

/**
 * Starts everything and resolves once the Worker answers.
 *
 * @throws Error when a port is taken or the Worker does not build.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const port = options.port ?? (await freePort());
  await refuseTakenPort(port);
  const temporary = options.stateDir === undefined;
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "homeport-stack-")));
  const [aws, worker] = await Promise.all([
    startS3({ ...options.localAws, stateDir: join(stateDir, "aws") }),
    bundleWorker(options.configPath ?? OWN_CONFIG_PATH, join(stateDir, "bundle")),
  ]);
  const vars = { ...(await devVars(port, stateDir, aws)), ...options.vars };
  const recorder = new Recorder(routesOf(aws, options.outbound));
  const runner = new Runner(
    miniflareOptions(port, stateDir, worker, vars, recorder, options),
    aws.guard,
  );
  await runner.start();
  const url = `http://127.0.0.1:${port}`;
  const runCron = async (): Promise<void> => {
    const answer = await fetch(url + CRON_PATH);
    if (!answer.ok) throw new Error(`Cannot run the scheduled handler: ${await answer.text()}`);
  };
  // A poke may meet a Worker that is just being restarted; the next one will do.
  const poke = (): void => void runCron().catch(() => {});
  const timer = options.cron === true ? setInterval(poke, CRON_EVERY_MS) : undefined;
  return {
    port,
    url,
    stateDir,
    operatorToken: vars["OPERATOR_TOKEN"] ?? DEV_OPERATOR_TOKEN,
    vars,
    aws,
    recorder,
    workerdPid: () => runner.pid(),
    inspectorUrl: async () => `${await runner.inspectorUrl()}core:user:${worker.name}`,
    kill: () => runner.kill(),
    restart: () => runner.restart(),
    runCron,
    stop: async () => {
      clearInterval(timer);
      await runner.stop();
      await aws.stop();
      if (temporary) await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** One workerd at a time, and its pid. */
class Runner {
  readonly #options: MiniflareOptions;
  readonly #guard: (pid: number) => void;
  #miniflare: Miniflare | undefined;
  #pid: number | undefined;

  constructor(options: MiniflareOptions, guard: (pid: number) => void) {
    this.#options = options;
    this.#guard = guard;
  }

  async start(): Promise<void> {
    const others = await workerdPidsOf(process.pid);
    this.#miniflare = new Miniflare(this.#options);
    await this.#miniflare.ready;
    const now = await workerdPidsOf(process.pid);
    this.#pid = now.find((pid) => !others.includes(pid));
    if (this.#pid !== undefined) this.#guard(this.#pid);
  }

  async pid(): Promise<number> {
    if (this.#pid === undefined) throw new Error("Cannot find workerd: it is not running");
    return this.#pid;
  }

  async inspectorUrl(): Promise<string> {
    if (this.#miniflare === undefined) throw new Error("Cannot inspect workerd: it is not running");
    return String(await this.#miniflare.getInspectorURL());
  }

  async kill(): Promise<void> {
    const pid = await this.pid();
    process.kill(pid, "SIGKILL");
    // In the same turn, because Miniflare starts another one as soon as it hears of the death.
    await this.stop();
    while ((await workerdPidsOf(process.pid)).includes(pid)) {
      await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#pid = undefined;
    await this.#miniflare?.dispose();
    this.#miniflare = undefined;
  }
}

function miniflareOptions(
  port: number,
  stateDir: string,
  worker: BundledWorker,
  vars: WorkerVars,
  recorder: Recorder,
  { cf, output, isInspected }: StackOptions,
): MiniflareOptions {
  const { bindings, ...options } = worker.options;
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port,
    ...(isInspected === true ? { inspectorPort: 0 } : {}),
    resourcePersistencePath: join(stateDir, WRANGLER_STATE_FOLDER),
    cf: cf ?? false,
    unsafeTriggerHandlers: true,
    logRequests: false,
    ...(output === undefined ? {} : outputTo(output)),
    workers: [
      {
        ...options,
        name: worker.name,
        rootPath: dirname(worker.scriptPath),
        modules: [
          { type: "ESModule", path: basename(worker.scriptPath), contents: worker.script },
          ...Array.from(worker.wasm, ([path, contents]) => ({
            type: "CompiledWasm" as const,
            path,
            contents,
          })),
        ],
        bindings: { ...(bindings as WorkerVars), ...vars },
        outboundService: (request) => recorder.handle(request),
        ...(output === undefined ? {} : { tails: [TAIL_NAME] }),
      },
      ...(output === undefined ? [] : [tailWorker()]),
    ],
  });
}

/** The local endpoints under their own address and under AWS's names. */
function routesOf(
  aws: LocalAws,
  outbound: Readonly<Record<string, Route>> = {},
): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>();
  for (const location of LOCATIONS) {
    const endpoint = aws.endpoints[location];
    routes.set(new URL(endpoint).host, endpoint);
    routes.set(`s3.${location}.amazonaws.com`, endpoint);
    routes.set(`sts.${location}.amazonaws.com`, endpoint);
  }
  for (const [host, route] of Object.entries(outbound)) routes.set(host, route);
  return routes;
}
