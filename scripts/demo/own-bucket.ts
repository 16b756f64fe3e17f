import { setTimeout as pause } from "node:timers/promises";

import { applySetup, type SetupAnswer } from "../local-aws/apply-setup.ts";
import { call } from "../stack/new-workspace.ts";
import { ADMINISTRATOR, CUSTOMER } from "./buckets.ts";
import { REPLAY_HOST } from "./deliveries.ts";
import { gatherEvidence, type Evidence, type FoundLine, type Ground } from "./evidence.ts";
import { post, type DemoHome } from "./homes.ts";

/** One of the demo's 200 users of `eu`; others' ids begin with the same text. */
const USER = "eu-user-7";
/** As Segment suggests for a source whose events are in a bucket of the customer's. */
const RETENTION_DAYS = 7;
const WAIT_MS_MAX = 120_000;
const POLL_MS = 300;

type Screen = {
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
};

type VerificationAnswer = {
  readonly isInUse: boolean;
  readonly verification: {
    readonly state: string;
    readonly steps: readonly {
      readonly step: string;
      readonly state: string;
      readonly found: string;
    }[];
  };
};

/** What the customer's bucket holds before and after a user was deleted, and what was done. */
export type OwnBucketRun = {
  readonly sourceId: string;
  readonly verification: string;
  readonly before: readonly FoundLine[];
  readonly status: string;
  readonly replay: string;
};

/** The numbers of the demo's last line about it, recomputed from buckets and destinations. */
export type OwnBucketSummary = {
  readonly name: string;
  readonly verification: string;
  readonly archived: number;
  readonly deleted: number;
  readonly left: number;
  readonly replayed: number;
  /** Files of the source in the platform's buckets. */
  readonly platform: number;
};

/**
 * Walks what Segment's page asks for before a source's raw events go to a bucket of the customer's:
 * each document that setup answers is applied to the stand-in as it is.
 *
 * @returns how the verification went.
 */
export async function setUpOwnBucket(
  { stack }: Pick<Ground, "stack">,
  { sourceId, token }: DemoHome,
  { say }: Screen,
): Promise<string> {
  const { account, bucket, location, kmsKeyArn } = CUSTOMER;
  const path = `/api/v1/sources/${sourceId}/storage`;
  const query = new URLSearchParams({ bucket, location, account, kmsKeyArn });
  const setup = await call<SetupAnswer>(stack.url, "GET", `${path}/setup?${query}`, token);
  await applySetup(stack.aws, setup, [ADMINISTRATOR.arn]);
  say(`\nA bucket of the customer's own for ${sourceId}, in AWS account ${account} (a stand-in):`);
  say(`  1. bucket ${bucket} in ${location}, encrypted with ${kmsKeyArn}`);
  say(`  2. folder segment-logs/: comes with the first file, S3 has no folders`);
  say(`  3. bucket policy:`);
  say(indented(setup.bucketPolicy));
  for (const { purpose, arn, trustPolicy, policy } of setup.roles) {
    say(`  4. role ${arn}, trusts ${setup.platformPrincipal} with an ExternalId only:`);
    if (purpose === "writer") say(indented(trustPolicy));
    say(`  5. what the ${purpose} may do:`);
    say(indented(policy));
  }
  say(`  6. the key's policy gets ${setup.kmsKeyPolicy?.Statement.length ?? 0} statements`);
  await call(stack.url, "PUT", path, token, setup.storage);
  say(`  7. saved with the label ${setup.label}; in use once it is verified:`);
  const verified = await call<VerificationAnswer>(
    stack.url,
    "POST",
    `${path}/verification`,
    token,
    { waitSeconds: 0 },
  );
  for (const { step, state, found } of verified.verification.steps) {
    say(`     ${state.padEnd(8)} ${step.padEnd(16)} ${found}`);
  }
  await call(stack.url, "PATCH", `/api/v1/sources/${sourceId}`, token, {
    retentionDays: RETENTION_DAYS,
  });
  say(`  8. retention of what is in the platform's bucket: ${RETENTION_DAYS} days\n`);
  return verified.isInUse ? verified.verification.state : "not in use";
}

/** Lets one user be deleted, then replays all that is left to a destination that is new. */
export async function deleteAndReplay(
  ground: Ground,
  home: DemoHome,
  verification: string,
  { say, progress }: Screen,
): Promise<OwnBucketRun> {
  const { stack, sinks } = ground;
  const { token, sourceId } = home;
  const { lines } = await gatherEvidence(ground);
  const { id } = await post(stack, "/api/v1/regulations", token, {
    regulationType: "SUPPRESS_WITH_DELETE",
    subjectType: "USER_ID",
    subjectIds: [USER],
    sourceId,
  });
  const status = await settled(async () => {
    const path = `/api/v1/regulations/${String(id)}`;
    const found = await call<{ status: string; step: string }>(stack.url, "GET", path, token);
    progress(`Deleting a user: ${found.status}, ${found.step}`);
    return ["INITIALIZED", "RUNNING"].includes(found.status) ? undefined : found.status;
  });
  const made = await post(stack, "/api/v1/destinations", token, {
    name: "A new tool",
    slug: "webhook",
    sourceId,
    enabled: false,
    settings: { url: `https://${REPLAY_HOST}/homeport`, secret: "demo-webhook-secret" },
    hosts: [REPLAY_HOST],
  });
  const started = await post(stack, "/api/v1/replays", token, {
    sourceId,
    destinationId: (made["destination"] as { readonly id: string }).id,
    from: new Date(Date.now() - 86_400_000).toISOString(),
  });
  const replayId = (started["replay"] as { readonly id: string }).id;
  const replay = await settled(async () => {
    type Answer = { readonly replay: { readonly state: string } };
    const path = `/api/v1/replays/${replayId}`;
    const { state } = (await call<Answer>(stack.url, "GET", path, token)).replay;
    progress(`Replaying to a new tool: ${state}, ${sinks.seenAt(REPLAY_HOST).size} events`);
    return ["done", "failed"].includes(state) ? state : undefined;
  });
  say("");
  const before = lines.filter((line) => line.sourceId === sourceId);
  return { sourceId, verification, before, status, replay };
}

/** Compares what is left and what was replayed with what was there. */
export function judgeOwnBucket(
  run: OwnBucketRun,
  ground: Pick<Ground, "sinks">,
  after: Evidence,
): { readonly summary: OwnBucketSummary; readonly problems: readonly string[] } {
  const { sourceId } = run;
  const left = after.lines.filter((line) => line.sourceId === sourceId);
  const replayed = ground.sinks.seenAt(REPLAY_HOST);
  const summary: OwnBucketSummary = {
    name: CUSTOMER.bucket,
    verification: run.verification,
    archived: run.before.length,
    deleted: run.before.length - left.length,
    left: left.length,
    replayed: replayed.size,
    platform: after.files.filter(
      ({ bucket, key }) => bucket !== CUSTOMER.bucket && key.includes(sourceId),
    ).length,
  };
  return { summary, problems: problemsOf(run, summary, left, replayed) };
}

/** The lines of the deleted user. */
export function deletedLines(run: OwnBucketRun): readonly string[] {
  return run.before.map(({ text }) => text).filter((text) => text.includes(`"${USER}"`));
}

function problemsOf(
  run: OwnBucketRun,
  summary: OwnBucketSummary,
  left: readonly FoundLine[],
  replayed: ReadonlySet<string>,
): readonly string[] {
  const gone = new Set(deletedLines(run));
  const wanted = run.before.map(({ text }) => text).filter((text) => !gone.has(text));
  const texts = left.map(({ text }) => text);
  const ids = left.map(({ messageId }) => messageId);
  const wrong: readonly (readonly [boolean, string])[] = [
    [summary.verification !== "passed", `its verification is ${summary.verification}`],
    [summary.platform > 0, `${summary.platform} files stand in the platform's buckets`],
    [run.status !== "FINISHED", `the deletion is ${run.status}`],
    [gone.size === 0, "the user had no event, so nothing was shown"],
    [summary.deleted !== gone.size, `${summary.deleted} of ${gone.size} lines were deleted`],
    [texts.some((text) => gone.has(text)), "lines of the deleted user are left"],
    [
      texts.toSorted().join("\n") !== wanted.toSorted().join("\n"),
      "lines of other users are not what they were",
    ],
    [run.replay !== "done", `the replay is ${run.replay}`],
    [
      ids.length !== replayed.size || ids.some((id) => !replayed.has(id)),
      `${replayed.size} events were replayed of ${ids.length} that are left`,
    ],
  ];
  return wrong.filter(([is]) => is).map(([, text]) => `own bucket: ${text}`);
}

async function settled(look: () => Promise<string | undefined>): Promise<string> {
  const until = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) return "not over";
    await pause(POLL_MS);
  }
}

function indented(document: unknown): string {
  return JSON.stringify(document, undefined, 2)
    .split("\n")
    .map((line) => `     ${line}`)
    .join("\n");
}
