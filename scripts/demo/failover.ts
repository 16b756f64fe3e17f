import { setTimeout as pause } from "node:timers/promises";

import {
  beginOutage,
  landingsOf,
  lastRequest,
  type Landings,
  type Outage,
} from "../../test/support/outage.ts";
import { SteadyLoad } from "../../test/support/steady-load.ts";
import type { WorkerVars } from "../stack/dev-settings.ts";
import { call } from "../stack/new-workspace.ts";
import type { Stack } from "../stack/start-stack.ts";
import type { Evidence } from "./evidence.ts";
import type { DemoHome } from "./homes.ts";

/** Seconds where production has 60, 20, 60 and 1,200: the same code, sooner. */
export const FAILOVER_VARS: WorkerVars = {
  SEAL_SECONDS: "1",
  ARCHIVE_TIMEOUT_SECONDS: "1",
  ARCHIVE_PROBE_SECONDS: "3",
  SUSPECT_SECONDS: "8",
};

const FIRST = "eu-west-1";
const SECOND = "eu-central-1";
const EVENTS_PER_SECOND = 200;
const STEP_MS = 1_000;
/** Later than the second at which a sender gives up, sooner than second copies are looked for. */
const LANDS_AFTER_MS = 4_000;
const WAIT_MS_MAX = 60_000;
/** Files at the first location again, beyond one that may have been on its way. */
const BACK_FILES = 2;

type Phase = { readonly title: string; readonly ms: number; readonly outage?: Outage };

const PHASES: readonly Phase[] = [
  { title: `${FIRST} answers`, ms: 4_000 },
  { title: `${FIRST} refuses`, ms: 10_000, outage: { kind: "refuses" } },
  {
    title: `${FIRST} answers too late`,
    ms: 10_000,
    outage: { kind: "late", ms: LANDS_AFTER_MS },
  },
];

/** What happened while the first location was away. */
export type FailoverRun = {
  readonly sourceId: string;
  readonly messageIds: readonly string[];
  readonly landings: Landings;
  readonly suspectsMost: number;
  readonly suspectsLeft: number;
  readonly isBack: boolean;
};

/** The numbers of the demo's last line. */
export type FailoverSummary = {
  readonly eventsPerSecond: number;
  readonly sent: number;
  readonly lost: number;
  readonly twice: number;
  readonly files: Readonly<Record<typeof FIRST | typeof SECOND, number>>;
  readonly landedLate: number;
  readonly removed: number;
  readonly suspectsLeft: number;
  readonly back: boolean;
};

type Screen = { say(text: string): void; progress(text: string): void };

/** Sends at a steady rate while the first location of the region refuses, then takes PUTs late. */
export async function showFailover(
  stack: Stack,
  home: DemoHome,
  screen: Screen,
): Promise<FailoverRun> {
  const after = await lastRequest(stack.aws);
  const load = new SteadyLoad({
    url: stack.url,
    writeKey: home.writeKey,
    eventsPerSecond: EVENTS_PER_SECOND,
  });
  let suspectsMost = 0;
  const show = async (title: string): Promise<Landings> => {
    const landings = await landingsOf(stack.aws, home.sourceId, after);
    const open = await openSuspects(stack, home);
    suspectsMost = Math.max(suspectsMost, open);
    const files = `files ${FIRST} ${countAt(landings, FIRST)}, ${SECOND} ${countAt(landings, SECOND)}`;
    screen.progress(
      `${title}: ${load.acknowledged.size} events taken, ${files}, ${open} places suspect`,
    );
    return landings;
  };
  load.start();
  for (const { title, ms, outage } of PHASES) {
    screen.say(`\n${title} for ${ms / 1000} s, ${EVENTS_PER_SECOND} events/s`);
    if (outage !== undefined) await beginOutage(stack.aws, FIRST, outage);
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await pause(STEP_MS);
      await show(title);
    }
  }
  await stack.aws.clearFaults();
  screen.say(`\n${FIRST} answers again`);
  const before = countAt(await show("back"), FIRST);
  const isBack = await until(
    async () => countAt(await show("back"), FIRST) >= before + 1 + BACK_FILES,
  );
  await load.stop();
  await until(async () => {
    await show("looking for second copies");
    return (await openSuspects(stack, home)) === 0;
  });
  screen.say("");
  return {
    sourceId: home.sourceId,
    messageIds: load.sent,
    landings: await landingsOf(stack.aws, home.sourceId, after),
    suspectsMost,
    suspectsLeft: await openSuspects(stack, home),
    isBack,
  };
}

/** Compares what the buckets hold with what was sent, and with what was to be shown. */
export function judgeFailover(
  run: FailoverRun,
  evidence: Evidence,
): { readonly summary: FailoverSummary; readonly problems: readonly string[] } {
  const lines = evidence.lines.filter((line) => line.sourceId === run.sourceId);
  const times = new Map<string, number>();
  for (const { messageId } of lines) times.set(messageId, (times.get(messageId) ?? 0) + 1);
  const files = evidence.files.filter(({ key }) => key.includes(run.sourceId));
  const summary: FailoverSummary = {
    eventsPerSecond: EVENTS_PER_SECOND,
    sent: run.messageIds.length,
    lost: run.messageIds.filter((id) => !times.has(id)).length,
    twice: run.messageIds.filter((id) => (times.get(id) ?? 0) > 1).length,
    files: {
      [FIRST]: files.filter(({ location }) => location === FIRST).length,
      [SECOND]: files.filter(({ location }) => location === SECOND).length,
    },
    landedLate: run.landings.second.length,
    removed: run.landings.removed.length,
    suspectsLeft: run.suspectsLeft,
    back: run.isBack,
  };
  return { summary, problems: problemsOf(run, summary) };
}

function problemsOf(run: FailoverRun, summary: FailoverSummary): readonly string[] {
  const copies = run.landings.second.map((key) => `${FIRST}/${key}`).toSorted();
  const wrong: readonly (readonly [boolean, string])[] = [
    [summary.lost > 0, `${summary.lost} events were lost`],
    [summary.twice > 0, `${summary.twice} events stand twice`],
    [summary.files[SECOND] === 0, `no file went to ${SECOND}`],
    [summary.landedLate === 0, "no PUT landed late, so nothing was shown"],
    [run.suspectsMost === 0, "no place was ever suspect"],
    [
      run.landings.removed.toSorted().join() !== copies.join(),
      `${copies.length} second copies, and ${summary.removed} objects removed that are not the same`,
    ],
    [summary.suspectsLeft > 0, `${summary.suspectsLeft} places are still suspect`],
    [!summary.back, `files did not go back to ${FIRST}`],
  ];
  return wrong.filter(([is]) => is).map(([, text]) => `fail-over: ${text}`);
}

async function openSuspects(stack: Stack, home: DemoHome): Promise<number> {
  const path = `/api/v1/sources/${home.sourceId}/files/suspects`;
  return (await call<{ readonly open: number }>(stack.url, "GET", path, home.token)).open;
}

function countAt({ landed }: Landings, location: typeof FIRST | typeof SECOND): number {
  return landed.get(location)?.length ?? 0;
}

async function until(isSo: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + WAIT_MS_MAX;
  while (!(await isSo())) {
    if (Date.now() > end) return false;
    await pause(STEP_MS);
  }
  return true;
}
