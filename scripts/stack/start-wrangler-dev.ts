import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { killGroup } from "./child-group.ts";
import { WRANGLER_CLI, WRANGLER_ENV } from "./bundle.ts";
import type { WorkerVars } from "./dev-settings.ts";

export type WranglerDevOptions = {
  readonly port: number;
  readonly stateDir: string;
  readonly vars: WorkerVars;
  readonly configPath: string;
  /** Shows everything wrangler says; otherwise only warnings and errors. */
  readonly verbose: boolean;
};

const DIE_WITH_PARENT = fileURLToPath(new URL("./die-with-parent.ts", import.meta.url));
const READY_POLL_MS = 100;

/** Starts `wrangler dev` as a child that ends with this process. It is not ready yet. */
export function spawnWranglerDev(options: WranglerDevOptions): ChildProcess {
  const { port, stateDir, vars, configPath, verbose } = options;
  const settings = {
    config: configPath,
    ip: "127.0.0.1",
    port: String(port),
    "persist-to": stateDir,
    "log-level": verbose ? "log" : "warn",
    "show-interactive-dev-session": "false",
  };
  const args = [
    "dev",
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
  const child = spawn(process.execPath, ["--import", DIE_WITH_PARENT, WRANGLER_CLI, ...args], {
    env: { ...process.env, ...WRANGLER_ENV, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Ctrl-C reaches the whole group; the parent decides in which order its children end.
    detached: true,
  });
  child.once("exit", () => killGroup(child));
  child.stdout?.on("data", (chunk: Buffer) => process.stdout.write(keep(chunk, verbose)));
  child.stderr?.on("data", (chunk: Buffer) => process.stderr.write(keep(chunk, verbose)));
  return child;
}

/** Resolves once the Worker at `url` answers anything; false when `child` ended before that. */
export async function answers(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return true;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  return false;
}

/** Wrangler warns of this although `npm run dev` takes care of it. */
const NOISE = "Scheduled Workers are not automatically triggered";

function keep(chunk: Buffer, verbose: boolean): string {
  const text = chunk.toString("utf8");
  return !verbose && text.includes(NOISE) ? "" : text;
}
