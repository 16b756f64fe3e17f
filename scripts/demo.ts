import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { resolveLocalhostNames } from "../test/support/localhost-lookup.ts";
import {
  connectDestinations,
  deliveryProgress,
  judgeDeliveries,
  Sinks,
} from "./demo/deliveries.ts";
import { gatherEvidence, type Evidence } from "./demo/evidence.ts";
import { FAILOVER_VARS, judgeFailover, showFailover } from "./demo/failover.ts";
import { acceptedByItsOwnCount, makeHome, type DemoHome } from "./demo/homes.ts";
import { plant, plantedFault, type PlantedFault } from "./demo/planted-faults.ts";
import { formatReport } from "./demo/report.ts";
import { residencyHint, residencyProblems, withTokensExchanged } from "./demo/residency.ts";
import { sendTraffic, withMore, type Traffic } from "./demo/traffic.ts";
import { judgeDemo } from "./demo/verdict.ts";
import type { WorkerVars } from "./stack/dev-settings.ts";
import { devPort, localAwsPorts } from "./stack/ports.ts";
import { readyBlock } from "./stack/ready-block.ts";
import { startStack, type Stack } from "./stack/start-stack.ts";

/**
 * `npm run demo`: one workspace in each region, a few thousand events through Segment's own SDK, and
 * the proof of where they are. With `--once` it ends, with code 0 only if every number is right, and
 * its last line is one JSON object. With `--failover` the first location of `eu` fails meanwhile.
 */
const FILES_WAIT_MS_MAX = 60_000;
const FILES_POLL_MS = 500;
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<number> {
  const isOnce = process.argv.includes("--once");
  const isFailover = process.argv.includes("--failover");
  const fault = plantedFault(process.env["PLANT_FAULT"]);
  resolveLocalhostNames();
  say("Starting the stack: the built Worker in workerd, and a local stand-in for AWS ...");
  const sinks = new Sinks();
  const stack = await start(isOnce, isFailover ? FAILOVER_VARS : {}, sinks);
  try {
    const code = await demonstrate(stack, sinks, { isOnce, isFailover, fault });
    if (isOnce) return code;
    say(`\n${readyBlock(stack.port, stack.stateDir, stack.aws)}`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    return code;
  } finally {
    await stack.stop();
  }
}

/** With `--once` a stack of its own, which leaves nothing behind. */
async function start(isOnce: boolean, vars: WorkerVars, sinks: Sinks): Promise<Stack> {
  const outbound = sinks.routes();
  if (isOnce && process.env["PORT"] === undefined) return startStack({ vars, outbound });
  const port = devPort(process.env);
  const stateDir = resolve(process.env["STATE_DIR"] ?? join(PROJECT_DIR, ".wrangler/state"));
  const localAws = { ports: await localAwsPorts(port) };
  return startStack({ port, stateDir, localAws, vars, outbound, cron: true });
}

type Wishes = {
  readonly isOnce: boolean;
  readonly isFailover: boolean;
  readonly fault: PlantedFault | undefined;
};

async function demonstrate(
  stack: Stack,
  sinks: Sinks,
  { isOnce, isFailover, fault }: Wishes,
): Promise<number> {
  const homes = [await makeHome(stack, "eu"), await makeHome(stack, "us")];
  for (const { region, workspaceId, sourceId } of homes) {
    say(`Workspace ${workspaceId}, locked to ${region}, with source ${sourceId}`);
  }
  for (const home of homes) await connectDestinations(stack, home);
  say("Connected to each: a webhook, Amplitude and Customer.io, at the hosts of its region");
  const [eu] = homes;
  const calls = await sendTraffic(stack, homes, (sent) =>
    progress(`Sending through @segment/analytics-node: ${sent} calls`),
  );
  const run =
    isFailover && eu !== undefined ? await showFailover(stack, eu, { say, progress }) : undefined;
  const traffic = run === undefined ? calls : withMore(calls, run.sourceId, run.messageIds);
  await waitForFiles(stack, homes, traffic, sinks);
  await waitForDeliveries(homes, calls, sinks);
  if (fault !== undefined) await plant(fault, stack, homes, sinks);
  const evidence = await gatherEvidence(stack, homes, sinks);
  const own = await ownCounts(stack, homes, fault);
  const deliveries = judgeDeliveries(homes, calls, sinks);
  const verdict = judgeDemo(homes, traffic, evidence, own, deliveries);
  const failover = run === undefined ? undefined : judgeFailover(run, evidence);
  const asked = fault === "wrong-report" ? withTokensExchanged(homes) : homes;
  const residency = await residencyProblems(stack, asked);
  const problems = [...verdict.problems, ...(failover?.problems ?? []), ...residency];
  say(formatReport({ ...verdict, problems }));
  if (!isOnce && eu !== undefined) say(`\n${residencyHint(stack, eu)}`);
  if (isOnce) say(JSON.stringify({ ...verdict.summary, failover: failover?.summary }));
  return problems.length === 0 ? 0 : 1;
}

/** Waits until as many lines are in the buckets as there should be, or time is up. */
async function waitForFiles(
  stack: Stack,
  homes: readonly DemoHome[],
  traffic: Traffic,
  sinks: Sinks,
): Promise<void> {
  const wanted = [...traffic.messageIds.values()].reduce((sum, ids) => sum + ids.length, 0);
  const until = Date.now() + FILES_WAIT_MS_MAX;
  let evidence: Evidence;
  do {
    await pause(FILES_POLL_MS);
    evidence = await gatherEvidence(stack, homes, sinks);
    const { lines, files } = evidence;
    progress(`Waiting for the files: ${lines.length} of ${wanted} events in ${files.length} files`);
  } while (evidence.lines.length < wanted && Date.now() < until);
  say("");
}

/** Waits until the destinations have what they should, or time is up. */
async function waitForDeliveries(
  homes: readonly DemoHome[],
  traffic: Traffic,
  sinks: Sinks,
): Promise<void> {
  const until = Date.now() + FILES_WAIT_MS_MAX;
  for (;;) {
    const { problems, delivered } = judgeDeliveries(homes, traffic, sinks);
    progress(`Waiting for the destinations: ${deliveryProgress(delivered)}`);
    if (problems.length === 0 || Date.now() > until) break;
    await pause(FILES_POLL_MS);
  }
  say("");
}

async function ownCounts(
  stack: Stack,
  homes: readonly DemoHome[],
  fault: PlantedFault | undefined,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const home of homes) counts.set(home.sourceId, await acceptedByItsOwnCount(stack, home));
  const [first] = counts;
  if (fault === "wrong-count" && first !== undefined) counts.set(first[0], first[1] + 1);
  return counts;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line that is written over on a terminal; elsewhere every state is a line. */
function progress(text: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
