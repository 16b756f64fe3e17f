import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./cases.ts";
import { measureDelay, measureEndToEnd, SEAL_OFTEN, type EndToEnd } from "./end-to-end.ts";
import { measureGuard } from "./guard.ts";
import { measureIngest, type Rounds } from "./ingest.ts";
import { LoadGenerator } from "./load.ts";
import { boundsOf, resultsOf, tableOf, type Measured } from "./results.ts";
import { measureRows } from "./rows.ts";
import { startFloor, startNaive, startOurs } from "./subjects.ts";
import { WORKERD_VERSION } from "./workerd.ts";

/**
 * `npm run bench`: measures, prints a table, writes `results.json`. `BENCH_ROUNDS` and
 * `BENCH_SECONDS` make it shorter, `BENCH_DIR` says on which disk; `--check` ends with 1 when a
 * bound is not held.
 */
const ROUNDS_DEFAULT = 5;
const SECONDS_DEFAULT = 5;
/** Two files at production's settings, and the rest that is sealed by age. */
const DELAY_SECONDS_DEFAULT = 130;
const RESULTS_FILE = fileURLToPath(new URL("./results.json", import.meta.url));
const DIRECTORY_DEFAULT = fileURLToPath(new URL("../../.wrangler/bench", import.meta.url));
const TMPFS_MAGIC = 0x01021994;

const BESIDE = [
  ["isolate.ts", "Memory of an isolate that has everything"],
  ["lag.ts", "A lane alone and beside others that fail"],
  ["syncs-postgres.ts", "A table of a real Postgres kept equal with another"],
] as const;

/** Files as large as half a second's events, so that sealing never pauses while it is measured. */
const SEAL_WHILE_MEASURED = { SEAL_MEGABYTES: "16" };

async function main(): Promise<number> {
  const rounds: Rounds = {
    rounds: setting("BENCH_ROUNDS", ROUNDS_DEFAULT),
    seconds: setting("BENCH_SECONDS", SECONDS_DEFAULT),
  };
  const directory = resolve(process.env["BENCH_DIR"] ?? DIRECTORY_DEFAULT);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  if ((await statfs(directory)).type === TMPFS_MAGIC) {
    throw new Error(`Cannot measure on ${directory}: it is in memory; set BENCH_DIR to a disk`);
  }
  const load = new LoadGenerator();
  try {
    const measured = await measure(directory, load, rounds);
    const results = resultsOf(measured, {
      date: new Date().toISOString(),
      node: process.version,
      workerd: WORKERD_VERSION,
      cpus: availableParallelism(),
      ...rounds,
    });
    await writeFile(RESULTS_FILE, `${JSON.stringify(results, undefined, 2)}\n`);
    console.log(`\n${tableOf(results)}\n`);
    const bounds = boundsOf(results);
    for (const { isHeld, text } of bounds)
      console.log(`${isHeld ? "held    " : "NOT HELD"} ${text}`);
    const isBesideHeld = await runBeside();
    const isHeld = bounds.every((bound) => bound.isHeld) && isBesideHeld;
    return process.argv.includes("--check") && !isHeld ? 1 : 0;
  } finally {
    load.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(directory: string, load: LoadGenerator, rounds: Rounds): Promise<Measured> {
  say("Taking events in: floor, naive and ours in turns");
  const speeds = await ingest(directory, load, rounds);
  say("End to end, against gzip alone");
  const endToEnd = await toBucket(directory, load, rounds);
  say("Ours with and without evidence, in turns");
  const guard = await measureGuard(directory, load, rounds, SEAL_WHILE_MEASURED);
  say("Rows written");
  // Fewer events in a shortened run; then no full segment is part of the figure.
  const share = Math.min(1, (rounds.rounds * rounds.seconds) / (ROUNDS_DEFAULT * SECONDS_DEFAULT));
  const rows = await measureRows(directory, load, share);
  const delaySeconds = setting("BENCH_DELAY_SECONDS", DELAY_SECONDS_DEFAULT);
  say(`From the answer to the object, ${delaySeconds} s and the last file`);
  const ackToObjectP99Ms = await measureDelay(join(directory, "delay"), load, delaySeconds);
  return { speeds, rows, endToEnd, guard, ackToObjectP99Ms };
}

/** What is measured in a process of its own, and says itself whether its bounds are held. */
async function runBeside(): Promise<boolean> {
  let isHeld = true;
  for (const [name, what] of BESIDE) {
    say(what);
    const file = fileURLToPath(new URL(name, import.meta.url));
    const [code] = await once(spawn(process.execPath, [file], { stdio: "inherit" }), "exit");
    isHeld &&= code === 0;
  }
  return isHeld;
}

async function ingest(
  directory: string,
  load: LoadGenerator,
  rounds: Rounds,
): Promise<Measured["speeds"]> {
  const floor = await startFloor(join(directory, "floor"));
  const naive = await startNaive(join(directory, "naive"));
  const ours = await startOurs(join(directory, "ours"), { vars: SEAL_WHILE_MEASURED });
  try {
    return await measureIngest({ floor, naive, ours }, load, rounds);
  } finally {
    await Promise.all([floor.stop(), naive.stop(), ours.stop()]);
  }
}

async function toBucket(
  directory: string,
  load: LoadGenerator,
  { rounds, seconds }: Rounds,
): Promise<Measured["endToEnd"]> {
  const ours = await startOurs(join(directory, "end-to-end"), { vars: SEAL_OFTEN });
  const all: EndToEnd[] = [];
  try {
    await measureEndToEnd(ours, load, "warm-up", seconds);
    for (let round = 0; round < rounds; round++) {
      all.push(await measureEndToEnd(ours, load, `round-${round}`, seconds));
    }
  } finally {
    await ours.stop();
  }
  const of = (figure: (one: EndToEnd) => number): number => median(all.map(figure));
  return {
    eventsPerSecond: of((one) => one.eventsPerSecond),
    gzip6EventsPerSecond: of((one) => one.gzip6EventsPerSecond),
    gzip3EventsPerSecond: of((one) => one.gzip3EventsPerSecond),
  };
}

/**
 * A number from the environment.
 *
 * @throws Error when it is no positive number.
 */
function setting(name: string, byDefault: number): number {
  const value = Number(process.env[name] ?? byDefault);
  if (value > 0) return value;
  throw new Error(`Cannot use ${name} "${process.env[name]}": wanted a positive number`);
}

function say(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

// Whoever is stopped while another one is measured hears no Ctrl-C: ending here ends them.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
// A measurement of its own, which takes half an hour: it ends the process itself.
if (process.argv.includes("erasure")) await import("./erasure.ts");
process.exit(await main());
