import { setTimeout as pause } from "node:timers/promises";

import type { Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type TestSource } from "../homeport.ts";
import type { Answering } from "../matrix/faults.ts";
import type { SyncFixture } from "../matrix/sync-fixture.ts";
import { damageFiles } from "./broken-objects.ts";
import { CanaryRun } from "./canary-run.ts";
import { markedEvent } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { makeMarkedSyncs } from "./syncs.ts";
import { askWrongly } from "./wrong-calls.ts";

/** Sources that the acts go on with. */
export type Sources = {
  readonly main: TestSource;
  /** Whose workspace comes to be broken. */
  readonly broken: TestSource;
  /** Whose other objects come to be broken. */
  readonly torn: TestSource;
  /** Of main's workspace; the object of one of them comes to be broken. */
  readonly syncs: SyncFixture;
};

/** Time for a file to be sealed and sent, or to fail; the settings make both come in a second. */
const FILE_MS = 2_500;
/** How long a file is waited for at most, on a busy machine. */
const BUSY_MS_MAX = 40_000;
const SETTLE_MS = 4_000;
/** Less than a request takes. */
const UNTIL_KILLED_MS = 20;

/** Every feature, while nothing is wrong. */
export async function useEverything(run: CanaryRun, stack: Stack): Promise<Sources> {
  const settings = { ip: "full", pixel: true };
  const eu = await run.createWorkspace("eu");
  const us = await run.createWorkspace("us");
  const main = await run.createSource(eu, settings);
  const away = await run.createSource(us, { ...settings, ingestRegion: "ap1" });
  const broken = await run.createSource(await run.createWorkspace("eu"), settings);
  const torn = await run.createSource(await run.createWorkspace("eu"), settings);
  await Promise.all([main, away, torn].map((source) => run.createWebhook(source)));
  await Promise.all([main, away, broken, torn].map((source) => run.track(source, "first")));
  await pause(FILE_MS);
  const syncs = await makeMarkedSyncs(run, eu, stack.aws);
  const fixture = await run.fixture(eu, main, "first", syncs);
  await run.operate(fixture);
  await askWrongly(run, main);
  await useDestinations(run, fixture.source);
  await useOwnBucket(run, main, stack);
  await run.hearOfAlerts(main);
  await useRefused(run, fixture.spare, main);
  // The other region takes the configuration over, with everything that cannot follow.
  await run.call(us.token, "PUT", "/api/v1/workspace/config", fixture.config);
  await stack.runCron();
  return { main, broken, torn, syncs: await makeMarkedSyncs(run, eu, stack.aws) };
}

/** What is only asked of a destination that has had events, good ones and others. */
async function useDestinations(run: CanaryRun, source: TestSource): Promise<void> {
  const { token } = source.workspace;
  const payload = markedEvent(run.marks, "preview");
  const drop = [{ type: "DROP" }];
  const path = `/api/v1/destinations/${await run.createWebhook(source)}`;
  const broken = { if: `userId = "${run.marks.text("userId")}`, actions: drop };
  await run.call(token, "POST", `${path}/filters/preview`, {
    filter: { if: 'type = "track"', actions: drop },
    payload,
  });
  await run.call(token, "POST", `${path}/filters/preview`, { filter: broken, payload });
  await run.call(token, "PATCH", path, { settings: { secret: "short" } });
  await run.call(token, "DELETE", path);
}

/** Keys of a bucket outside AWS: the store refuses them, and they are kept until others are given. */
async function useOwnBucket(run: CanaryRun, { id, workspace }: TestSource, stack: Stack) {
  const path = `/api/v1/sources/${id}/storage`;
  const secretAccessKey = run.marks.mint("vendor-secret", "the key of a bucket");
  const access = { kind: "keys", accessKeyId: "AKIAOFACUSTOMER00001", secretAccessKey };
  const own = { kind: "own", bucket: "customer-events", access };
  const endpoint = new URL(stack.aws.endpoints["eu-west-1"]).host;
  await run.call(workspace.token, "PUT", path, { ...own, endpoint: "s3.elsewhere.example" });
  await run.call(workspace.token, "PUT", path, { ...own, endpoint });
  await run.call(workspace.token, "POST", `${path}/verification`, { waitSeconds: 0 });
  await run.call(workspace.token, "GET", path);
}

/** Keys that are gone, at the wrong place, or too busy. */
async function useRefused(run: CanaryRun, deleted: TestSource, main: TestSource): Promise<void> {
  const { workspace } = main;
  const busy = await run.createSource(workspace, { rate: 1 });
  const off = await run.createSource(workspace, { enabled: false });
  await Promise.all([
    run.track(deleted, "deleted"),
    run.track(main, "elsewhere", "us1"),
    run.track(busy, "busy"),
    run.track(off, "off"),
  ]);
}

/**
 * Every fault of the outside at once, each for a source of its own with everything going on.
 * Returns those that a file on its way into the archive met.
 */
export async function sufferFaults(
  stage: Stage,
  run: CanaryRun,
  stack: Stack,
  { main }: Sources,
  faults: Readonly<Record<string, Answering>>,
): Promise<ReadonlySet<string>> {
  const met = new Set<string>();
  await Promise.all(
    Object.entries(faults).map(async ([name, answering], index) => {
      const source = await run.createSource(main.workspace, { pixel: true });
      const before = `before ${index}`;
      const syncs = await makeMarkedSyncs(run, main.workspace, stack.aws);
      const fixture = await run.fixture(main.workspace, source, before, syncs);
      await run.track(source, before);
      await pause(FILE_MS);
      stage.faultOf.set(source.id, (location, request, passOn) => {
        if (request.method === "PUT") met.add(name);
        return answering(location, request, passOn);
      });
      stage.faultOf.set(syncs.runningSyncId, answering);
      await run.track(source, `fault ${index}`);
      await run.operate(fixture);
      await pause(FILE_MS);
      // On a busy machine a file takes its time.
      for (let waited = 0; !met.has(name) && waited < BUSY_MS_MAX; waited += FILE_MS) {
        await pause(FILE_MS);
      }
      await run.askHowItIs(source);
      stage.faultOf.delete(source.id);
      stage.faultOf.delete(syncs.runningSyncId);
    }),
  );
  await stack.runCron();
  await pause(FILE_MS);
  return met;
}

/** Kills workerd while it works and lets it go on, with a bucket that takes nothing. */
export async function dieUnderLoad(
  stage: Stage,
  run: CanaryRun,
  stack: Stack,
  { main, torn }: Sources,
): Promise<void> {
  const load = run.track(main, "killed");
  await pause(UNTIL_KILLED_MS);
  await stack.kill();
  await load;
  await stack.restart();
  // What waits now has to be read by an object whose tables are broken afterwards.
  stage.answering = () => Promise.reject(new Error("connection refused"));
  await Promise.all([main, torn].map((source) => run.track(source, "waiting")));
}

export type Answered = { readonly status: number; readonly text: string };

/** A deployment with settings that cannot be, and secrets in the wrong places. */
export async function runWithWrongSettings(
  stage: Stage,
  { writeKey }: TestSource,
): Promise<readonly Answered[]> {
  const secret = stage.marks.mint("deployment", "a secret that is no secret");
  const stack = await stage.start({
    WRITE_KEY_SECRETS_EU: secret,
    OPERATOR_TOKEN: "",
    BUCKET_EU_WEST_1: `https://key:${secret}@s3.eu-west-1.amazonaws.com/b?token=${secret}`,
    BUCKET_US_EAST_1: `https://s3.eu-west-1.amazonaws.com/bucket#${secret}`,
  });
  const answers: Answered[] = [];
  for (const path of ["/v1/track", "/api/v1/sources", "/health"]) {
    const headers = { authorization: `Bearer ${writeKey}` };
    const answer = await fetch(stack.url + path, { headers });
    answers.push({ status: answer.status, text: await answer.text() });
  }
  await stack.runCron().catch(() => {});
  await stack.stop();
  return answers;
}

/** Asks objects that throw whatever they are asked, and has damaged files read. */
export async function useBroken(
  stage: Stage,
  stack: Stack,
  { main, broken, torn, syncs }: Sources,
): Promise<CanaryRun> {
  const run = new CanaryRun(openHomeport(stack), stage.marks);
  await run.listOperations();
  stage.answering = undefined;
  await damageFiles(stack.aws, main.id, stage.marks);
  const all = [broken, torn, main];
  await Promise.all(all.map((source) => run.track(source, "broken")));
  for (const source of all) {
    await run.operate({
      operatorToken: stack.operatorToken,
      source,
      spare: source,
      spareTokenId: "none",
      destinationId: run.destinationOf(source),
      syncs: source === main ? syncs : undefined,
      messageId: `${stage.marks.text("messageId")}-first-track`,
      invite: "none",
      leaverToken: "none",
      config: {},
    });
  }
  await stack.runCron().catch(() => {});
  await pause(SETTLE_MS);
  return run;
}
