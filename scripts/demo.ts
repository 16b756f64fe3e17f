import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { resolveLocalhostNames } from "../test/support/localhost-lookup.ts";
import { CUSTOMER_AWS, customerBucket, platformBuckets } from "./demo/buckets.ts";
import {
  connectDestinations,
  deliveryProgress,
  judgeDeliveries,
  Sinks,
} from "./demo/deliveries.ts";
import { gatherEvidence, outsideBytes, type Evidence, type Ground } from "./demo/evidence.ts";
import { FAILOVER_VARS, judgeFailover, showFailover } from "./demo/failover.ts";
import { acceptedByItsOwnCount, makeHome, type DemoHome } from "./demo/homes.ts";
import {
  deleteAndReplay,
  deletedLines,
  judgeOwnBucket,
  setUpOwnBucket,
  type OwnBucketRun,
} from "./demo/own-bucket.ts";
import {
  isOwnBucketFault,
  plant,
  plantedFault,
  plantInOwnBucket,
  type OwnBucketFault,
  isPlantedFault,
  type PlantedFault,
  type SyncFault,
} from "./demo/planted-faults.ts";
import { formatReport } from "./demo/report.ts";
import { residencyHint, residencyProblems, withTokensExchanged } from "./demo/residency.ts";
import { sendTraffic, withMore, type Traffic } from "./demo/traffic.ts";
import { showSync } from "./demo/syncs.ts";
import { judgeDemo } from "./demo/verdict.ts";
import type { WorkerVars } from "./stack/dev-settings.ts";
import { devPort, localAwsPorts } from "./stack/ports.ts";
import { readyBlock } from "./stack/ready-block.ts";
import { startStack, type Stack } from "./stack/start-stack.ts";

/**
 * `npm run demo`: one workspace in each region, a few thousand events through Segment's own SDK, and
 * the proof of where they are. With `--once` it ends, with code 0 only if every number is right, and
 * its last line is one JSON object. With `--failover` the first location of `eu` fails meanwhile. With
 * `--own-bucket` the events of `eu` go to a bucket of the customer's, where a user is deleted and the
 * rest is replayed. With `--sync` a table of a Postgres is kept equal with another.
 */
const FILES_WAIT_MS_MAX = 60_000;
const FILES_POLL_MS = 500;
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<number> {
  const isOnce = process.argv.includes("--once");
  const isFailover = process.argv.includes("--failover");
  const isOwnBucket = process.argv.includes("--own-bucket");
  if (isFailover && isOwnBucket) {
    throw new Error("Cannot show both: fail-over is for the platform's buckets, choose one");
  }
  const isSync = process.argv.includes("--sync");
  const fault = plantedFault(process.env["PLANT_FAULT"], { isOwnBucket, isSync });
  resolveLocalhostNames();
  say("Starting the stack: the built Worker in workerd, and a local stand-in for AWS ...");
  const sinks = new Sinks();
  const stack = await start(isOnce, isFailover ? FAILOVER_VARS : {}, sinks);
  try {
    const code = await demonstrate(stack, sinks, {
      isOnce,
      isFailover,
      isOwnBucket,
      isSync,
      fault,
    });
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
  if (isOnce && process.env["PORT"] === undefined)
    return startStack({ vars, outbound, localAws: CUSTOMER_AWS });
  const port = devPort(process.env);
  const stateDir = resolve(process.env["STATE_DIR"] ?? join(PROJECT_DIR, ".wrangler/state"));
  const localAws = { ...CUSTOMER_AWS, ports: await localAwsPorts(port) };
  return startStack({ port, stateDir, localAws, vars, outbound, cron: true });
}

type Wishes = {
  readonly isOnce: boolean;
  readonly isFailover: boolean;
  readonly isOwnBucket: boolean;
  readonly isSync: boolean;
  readonly fault: PlantedFault | OwnBucketFault | SyncFault | undefined;
};

async function demonstrate(stack: Stack, sinks: Sinks, wishes: Wishes): Promise<number> {
  const { isOnce, isFailover, isOwnBucket, isSync, fault } = wishes;
  const homes = [await makeHome(stack, "eu"), await makeHome(stack, "us")];
  for (const { region, workspaceId, sourceId } of homes) {
    say(`Workspace ${workspaceId}, locked to ${region}, with source ${sourceId}`);
  }
  for (const home of homes) await connectDestinations(stack, home);
  say("Connected to each: a webhook, Amplitude and Customer.io, at the hosts of its region");
  const [eu] = homes;
  if (eu === undefined) throw new Error("Cannot go on: there is no workspace in eu");
  const ground = groundOf(stack, homes, sinks, isOwnBucket);
  const setUp = isOwnBucket ? await setUpOwnBucket(ground, eu, { say, progress }) : undefined;
  const calls = await sendTraffic(stack, homes, (sent) =>
    progress(`Sending through @segment/analytics-node: ${sent} calls`),
  );
  const run = isFailover ? await showFailover(stack, eu, { say, progress }) : undefined;
  const traffic = run === undefined ? calls : withMore(calls, run.sourceId, run.messageIds);
  await waitForFiles(ground, traffic);
  await waitForDeliveries(homes, calls, sinks);
  if (isPlantedFault(fault)) await plant(fault, ground);
  const evidence = await gatherEvidence(ground);
  const own = await ownCounts(stack, homes, fault);
  const deliveries = judgeDeliveries(homes, calls, sinks);
  const verdict = judgeDemo(homes, traffic, evidence, own, deliveries);
  const failover = run === undefined ? undefined : judgeFailover(run, evidence);
  const ownBucket =
    setUp === undefined
      ? undefined
      : await showOwnBucket(
          ground,
          await deleteAndReplay(ground, eu, setUp, { say, progress }),
          fault,
        );
  const sync = isSync
    ? await showSync(stack, eu, { say, progress }, fault === "lost-copy")
    : undefined;
  const asked = fault === "wrong-report" ? withTokensExchanged(homes) : homes;
  const problems = [
    ...verdict.problems,
    ...(failover?.problems ?? []),
    ...(ownBucket?.problems ?? []),
    ...(sync?.problems ?? []),
    ...(sync === undefined ? [] : outsideProblems(outsideBytes(ground))),
    ...(await residencyProblems(stack, asked, sync?.hosts)),
  ];
  say(formatReport({ ...verdict, problems }, ownBucket?.summary));
  if (!isOnce) say(`\n${residencyHint(stack, eu)}`);
  const { deleted, replayed } = ownBucket?.summary ?? {};
  if (isOnce) {
    const { summary } = verdict;
    say(
      JSON.stringify({
        ...summary,
        failover: failover?.summary,
        deleted,
        replayed,
        sync: sync?.summary,
      }),
    );
  }
  return problems.length === 0 ? 0 : 1;
}

/** What is read: the platform's buckets and, with `--own-bucket`, the customer's. */
function groundOf(
  stack: Stack,
  homes: readonly DemoHome[],
  sinks: Sinks,
  isOwnBucket: boolean,
): Ground {
  const platform = platformBuckets(stack);
  if (!isOwnBucket) return { stack, homes, sinks, buckets: platform };
  const own = customerBucket(stack);
  return { stack, homes, sinks, buckets: [...platform, own], own };
}

/** Reads again what is left, and what else of `eu` went out meanwhile. */
async function showOwnBucket(
  ground: Ground,
  run: OwnBucketRun,
  fault: Wishes["fault"],
): Promise<ReturnType<typeof judgeOwnBucket>> {
  if (isOwnBucketFault(fault)) await plantInOwnBucket(fault, ground, deletedLines(run));
  const after = await gatherEvidence(ground);
  const judged = judgeOwnBucket(run, ground, after);
  return { ...judged, problems: [...judged.problems, ...outsideProblems(after.outsideBytes)] };
}

/** What went out after the traffic was judged, as it was for files, deliveries and the rest. */
function outsideProblems({ eu, us, unknown }: Evidence["outsideBytes"]): readonly string[] {
  const outside = eu + us + unknown;
  return outside === 0 ? [] : [`${outside} bytes went outside the region`];
}

/** Waits until as many lines are in the buckets as there should be, or time is up. */
async function waitForFiles(ground: Ground, traffic: Traffic): Promise<void> {
  const wanted = [...traffic.messageIds.values()].reduce((sum, ids) => sum + ids.length, 0);
  const until = Date.now() + FILES_WAIT_MS_MAX;
  let evidence: Evidence;
  do {
    await pause(FILES_POLL_MS);
    evidence = await gatherEvidence(ground);
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
  fault: Wishes["fault"],
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
