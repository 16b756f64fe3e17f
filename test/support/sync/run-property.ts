import fc from "fast-check";

import type { SyncRun } from "../../../src/sync/run/run.ts";
import type { SourceRow } from "../../../src/sync/source/source.ts";
import type { TargetBatch, TargetRecord } from "../../../src/sync/target/target.ts";
import { hasherOf } from "./memory-sources.ts";
import {
  QUIET_RUN,
  identifierOf,
  KEY,
  lives,
  recordOf,
  type Life,
  type RunPlan,
} from "./run-model.ts";
import { keyHashOf } from "./run-target.ts";
import { RunWorld } from "./run-world.ts";

const hasher = hasherOf({ columns: KEY, key: KEY });

/**
 * Whatever happened in runs before: after one that nothing disturbs the destination is as the source
 * says, another one sends nothing, nothing was ever sent that was accepted as it is, no diff file is
 * left, and counts and reports add up.
 *
 * @throws Error that says what was wrong.
 */
export async function checkRuns(cases: number, seed?: number): Promise<void> {
  await fc.assert(fc.asyncProperty(lives, checkLife), {
    numRuns: cases,
    ...(seed === undefined ? {} : { seed }),
    interruptAfterTimeLimit: 1_500_000,
    markInterruptAsFailure: true,
  });
}

async function checkLife(life: Life): Promise<void> {
  const world = new RunWorld(life);
  for (const row of life.there) world.target.records.set(identifierOf(row), recordOf(row, "there"));
  for (const plan of life.runs) await watched(world, plan);
  const constant = life.runs.at(-1)?.constant ?? "one";
  const engine = life.runs[0]?.engine ?? "checksum";
  const quiet = { ...QUIET_RUN, constant, engine };
  const { state, error } = await watched(world, quiet);
  if (state !== "completed") world.wrong.push(`a quiet run ended as ${state}: ${error?.code}`);
  world.wrong.push(...differences(world, life, constant));
  const again = await watched(world, quiet);
  if (sentBy(again) > 0) world.wrong.push(`${sentBy(again)} sent although nothing changed`);
  world.wrong.push(...forgottenBy(world, life));
  const { there } = world.state.counts();
  if (there !== world.accepted.size)
    world.wrong.push(`${there} counted, ${world.accepted.size} taken`);
  if (world.wrong.length > 0) throw new Error(world.wrong.join("; "));
}

/** Runs once and judges all that was sent, and what was told of it. */
async function watched(world: RunWorld, plan: RunPlan): Promise<SyncRun> {
  world.bucket.reported();
  const tested = new Set<string>();
  world.target.sent = (batch, record) => {
    if (plan.kind === "dry_run") world.wrong.push("a dry run sent something");
    if (plan.kind === "test") tested.add(record.identifier);
    world.wrong.push(...wrongOfSent(world, plan, batch, record));
  };
  const run = await world.run(plan);
  if (tested.size > 1) world.wrong.push(`a test sent ${tested.size} records`);
  if (world.bucket.files.size > 0) world.wrong.push("a diff file is left in the bucket");
  if (world.storage.files().length > 0) world.wrong.push("a diff file is left in the list");
  world.wrong.push(...wrongOfCounts(world, plan, run));
  return run;
}

function wrongOfSent(
  world: RunWorld,
  plan: RunPlan,
  { operation }: TargetBatch,
  { idempotencyKey, identifier, fields }: TargetRecord,
): readonly string[] {
  const keyHash = keyHashOf(idempotencyKey);
  const rowHash = BigInt(`0x${idempotencyKey.split(":")[2]}`);
  const known = world.accepted.get(keyHash);
  const isThere = world.table.rows.some((row) => identifierOf(row) === identifier);
  const { fullSync } = world.storage.run();
  const isAll = fullSync !== undefined && fullSync !== "first_run";
  const isForced = isAll || plan.kind === "test" || plan.chosen !== undefined;
  const wrong: string[] = [];
  if (isThere && operation !== "delete" && plan.suppressed.includes(String(fields["id"]))) {
    wrong.push(`${identifier} is sent although its user is suppressed`);
  }
  if (!isThere && known === undefined) wrong.push(`${identifier} is deleted unknown`);
  if (isForced || !isThere) return wrong;
  if (known === rowHash) wrong.push(`${identifier} did not change`);
  if (known !== undefined && (operation === "insert" || operation === "append")) {
    wrong.push(`${identifier} is sent a second time`);
  }
  return wrong;
}

/** Keys that are kept as accepted although the source has them no more. */
function forgottenBy(world: RunWorld, { behaviour }: Life): readonly string[] {
  if (behaviour === "insert" || behaviour === "append") return [];
  const there = new Set(world.table.rows.map((row) => hasher.hashKey(row.slice(0, 2))));
  return [...world.accepted.keys()].filter((key) => !there.has(key)).map((key) => `${key} is kept`);
}

function wrongOfCounts(world: RunWorld, plan: RunPlan, run: SyncRun): readonly string[] {
  const reported = world.bucket.reported();
  const named = reported.find(({ user }) => plan.suppressed.includes(user.userId ?? "nobody"));
  if (named !== undefined) return [`${named.identifier} is told although its user is suppressed`];
  if (run.fullSync === "state_lost") return ["the state is taken for lost"];
  const { failsAt, canceledAt, retryAfterMs } = plan.weather;
  const isDoomed = failsAt !== undefined || canceledAt !== undefined || retryAfterMs === 60_000;
  if (run.state !== "completed" && !isDoomed) return [`a run failed: ${run.error?.code}`];
  if (run.state !== "completed" || run.kind === "dry_run") return [];
  const wrong: string[] = [];
  const { inserts, updates, deletes, accepted, rejected, skipped, suppressed, invalid } =
    run.counts;
  const found = inserts + updates + deletes;
  const decided = accepted + rejected + skipped + suppressed;
  if (found !== decided) wrong.push(`${found} found, ${decided} decided`);
  const told = (...statuses: string[]): number =>
    reported.filter(({ status }) => statuses.includes(status)).length;
  const check = (named: string, counted: number, tells: number): void => {
    // Of a suppressed user's record nothing is told.
    const isRight = plan.suppressed.length === 0 ? tells === counted : tells <= counted;
    if (!isRight) wrong.push(`${tells} told, ${counted} ${named}`);
  };
  check("accepted", accepted, told("succeeded"));
  check("rejected", rejected, told("rejected"));
  check("invalid", invalid, told("NULL", "DUPLICATE"));
  return wrong;
}

/** What is not as the source says, after a run that nothing disturbed. */
function differences(world: RunWorld, life: Life, constant: string): readonly string[] {
  const { behaviour, there } = life;
  const wrong: string[] = [];
  if (behaviour === "delete") {
    const isLeft = (row: SourceRow): boolean => world.target.records.has(identifierOf(row));
    return loneRows(world.table.rows)
      .filter(isLeft)
      .map((row) => `${identifierOf(row)} is left`);
  }
  const rows = byIdentifier(world.table.rows);
  for (const [identifier, [row = [], ...others]] of rows) {
    if (others.length > 0) continue;
    const record = world.target.records.get(identifier);
    if (record === undefined) {
      if (behaviour !== "update") wrong.push(`${identifier} is missing`);
    } else if (behaviour !== "insert" && behaviour !== "append") {
      const wanted = JSON.stringify(recordOf(row, constant));
      if (JSON.stringify({ ...recordOf([], ""), ...record }) !== wanted) {
        wrong.push(`${identifier} is not up to date`);
      }
    }
  }
  if (behaviour !== "mirror") return wrong;
  const untouched = new Map(there.map((row) => [identifierOf(row), recordOf(row, "there")]));
  for (const [identifier, record] of world.target.records) {
    const isNulled = record["name"] === null && record["tag"] === null;
    if (rows.has(identifier) || (life.mirrorStrategy === "null" && isNulled)) continue;
    if (JSON.stringify(record) === JSON.stringify(untouched.get(identifier))) continue;
    const keyHash = hasher.hashKey([String(record["region"]), String(record["id"])]);
    if (!world.target.uncertain.has(keyHash ?? "")) wrong.push(`${identifier} is left behind`);
  }
  return wrong;
}

/** Rows with a whole key. */
function byIdentifier(rows: readonly SourceRow[]): ReadonlyMap<string, SourceRow[]> {
  return Map.groupBy(
    rows.filter(([region, id]) => region !== null && id !== null),
    identifierOf,
  );
}

function loneRows(rows: readonly SourceRow[]): readonly SourceRow[] {
  return [...byIdentifier(rows).values()].flatMap((same) => (same.length === 1 ? same : []));
}

function sentBy({ counts }: SyncRun): number {
  return counts.accepted + counts.rejected + counts.skipped + counts.suppressed;
}
