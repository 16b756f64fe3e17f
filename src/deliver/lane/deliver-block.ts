import { readObject } from "../../core/read-json.ts";
import {
  CONNECTIONS_MAX,
  type Deliverer,
  type Delivery,
  type DeliveryOutcome,
} from "../deliverer.ts";
import { callDestination } from "./call.ts";
import type { LaneEntry } from "./entry.ts";
import { deliverIsolating } from "./isolate.ts";
import { LaneDelivery } from "./lane-delivery.ts";
import { userOf, type UserOrder } from "./order.ts";
import type { Pace } from "./pace.ts";
import { nextAttempt, type RetryRule } from "./retry.ts";
import type { Settlement } from "./settlement.ts";

/** What rules make of an event before it is sent; see `src/deliver/filter`. */
export type Decision =
  | { readonly kind: "deliver"; readonly event: Readonly<Record<string, unknown>> }
  | { readonly kind: "filtered"; readonly code: string };

/** What a block of events is delivered with. */
export type BlockDeps = {
  readonly deliverer: Deliverer;
  /** `line` is the event's own JSON. */
  readonly decide: (event: Readonly<Record<string, unknown>>, line: string) => Decision;
  readonly keyOf: (event: Readonly<Record<string, unknown>>, seq: number) => string;
  readonly pace: Pace;
  /** Of destinations that take one event at a time; not looked at for others. */
  readonly order: UserOrder;
  readonly rule: RetryRule;
  readonly now: () => number;
  readonly random: () => number;
};

/** An event that is to be sent. */
type Ready = {
  /** Its place in the block. */
  readonly at: number;
  readonly entry: LaneEntry;
  readonly delivery: Delivery;
  readonly user: string | undefined;
  readonly receivedAtMs: number;
};

/** Notes what becomes of the entry at that place of the block, by its latest state. */
type Keep = (at: number, settlement: Settlement) => void;

/** What waits while the destination is not to be called is looked at again after this. */
const POSTPONE_MS = 1_000;

/**
 * Delivers a block of events and says what became of each, in the order they were given. Batches are
 * sent a few at a time; single events too, but those of one user one after another. As soon as the
 * pace admits no more calls, the rest waits without having been tried.
 */
export async function deliverBlock(
  entries: readonly LaneEntry[],
  deps: BlockDeps,
): Promise<readonly Settlement[]> {
  const settled: (Settlement | undefined)[] = entries.map(() => undefined);
  const keep: Keep = (at, settlement) => void (settled[at] = settlement);
  const isSingle = deps.deliverer.batch.events === 1;
  const ready: Ready[] = [];
  entries.forEach((entry, at) => {
    const prepared = prepare(at, entry, isSingle, deps);
    if ("kind" in prepared) keep(at, prepared);
    else ready.push(prepared);
  });
  const work = isSingle
    ? chainsOf(ready).map((chain) => {
        const admitted = admitInOrder(chain, deps, keep);
        return () => sendChain(admitted, deps, keep);
      })
    : slicesOf(ready, deps.deliverer.batch).map((slice) => () => sendBatch(slice, deps, keep));
  await runSome(work, deps.deliverer.calls ?? CONNECTIONS_MAX);
  return settled.map((settlement) => {
    // What is not accounted for must never be taken for done.
    if (settlement === undefined) throw new Error("Cannot settle a block: an event has no outcome");
    return settlement;
  });
}

/** Parses an event and applies the rules to it. Whose it is matters only where users have an order. */
function prepare(
  at: number,
  entry: LaneEntry,
  isSingle: boolean,
  deps: BlockDeps,
): Ready | Settlement {
  const event = entry.event ?? readObject(entry.line);
  if (event === undefined) return { kind: "dead", entry, code: "INTERNAL" };
  const decision = decideSafely(event, entry.line, deps);
  if (decision.kind === "filtered") return { kind: "filtered", entry, code: decision.code };
  const { receivedAt } = event;
  return {
    at,
    entry,
    delivery: new LaneDelivery(entry, event, decision.event, deps.keyOf),
    user: isSingle ? userOf(event) : undefined,
    receivedAtMs: typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN,
  };
}

/** Rules that break let nothing through. */
function decideSafely(
  event: Readonly<Record<string, unknown>>,
  line: string,
  deps: BlockDeps,
): Decision {
  try {
    return deps.decide(event, line);
  } catch {
    return { kind: "filtered", code: "INTERNAL" };
  }
}

/** Of one user's events those that no other has to go before; the others are kept waiting. */
function admitInOrder(
  chain: readonly Ready[],
  { order, now }: BlockDeps,
  keep: Keep,
): readonly Ready[] {
  const user = chain[0]?.user;
  if (user === undefined) return chain;
  const seqs = chain.map(({ entry }) => entry.seq);
  const dues = order.admit(user, seqs, now());
  return chain.filter(({ at, entry }, i) => {
    const dueAtMs = dues[i];
    if (dueAtMs !== undefined) keep(at, { kind: "waiting", entry, dueAtMs, wasTried: false });
    return dueAtMs === undefined;
  });
}

/** The events of each user in a chain of their own; an event of nobody is one by itself. */
function chainsOf(ready: readonly Ready[]): readonly (readonly Ready[])[] {
  const chains = new Map<string, Ready[]>();
  for (const each of ready) {
    const name = each.user ?? `seq:${each.entry.seq}`;
    const chain = chains.get(name);
    if (chain === undefined) chains.set(name, [each]);
    else chain.push(each);
  }
  return [...chains.values()];
}

function slicesOf(ready: readonly Ready[], max: Deliverer["batch"]): readonly (readonly Ready[])[] {
  const slices: Ready[][] = [];
  let bytes = 0;
  for (const each of ready) {
    const size = each.entry.line.length;
    const last = slices.at(-1);
    if (last === undefined || last.length >= max.events || bytes + size > max.bytes) {
      slices.push([each]);
      bytes = size;
    } else {
      last.push(each);
      bytes += size;
    }
  }
  return slices;
}

/** Sends one user's events one after another; when one has to be tried again the rest waits for it. */
async function sendChain(chain: readonly Ready[], deps: BlockDeps, keep: Keep): Promise<void> {
  let untilMs: number | undefined;
  for (const each of chain) {
    const { at, entry, user } = each;
    if (untilMs === undefined && !deps.pace.admits(deps.now())) untilMs = postponedTo(deps);
    if (untilMs !== undefined) {
      if (user !== undefined) deps.order.wait(user, entry.seq, untilMs);
      keep(at, { kind: "waiting", entry, dueAtMs: untilMs, wasTried: false });
      continue;
    }
    const [outcome] = await call([each], deps);
    if (outcome === undefined) continue;
    const settlement = settle(each, outcome, deps);
    keep(at, settlement);
    if (settlement.kind === "waiting") {
      untilMs = settlement.dueAtMs;
      if (user !== undefined) deps.order.wait(user, entry.seq, untilMs);
    }
  }
}

async function sendBatch(slice: readonly Ready[], deps: BlockDeps, keep: Keep): Promise<void> {
  if (!deps.pace.admits(deps.now())) {
    const dueAtMs = postponedTo(deps);
    for (const { at, entry } of slice) {
      keep(at, { kind: "waiting", entry, dueAtMs, wasTried: false });
    }
    return;
  }
  const outcomes = await call(slice, deps);
  // One draw for all: what failed together is tried again together.
  const random = deps.random();
  const drawn = { ...deps, random: () => random };
  slice.forEach((each, i) => {
    const outcome = outcomes[i];
    if (outcome !== undefined) keep(each.at, settle(each, outcome, drawn));
  });
}

async function call(
  slice: readonly Ready[],
  { deliverer, pace, now }: BlockDeps,
): Promise<readonly DeliveryOutcome[]> {
  return deliverIsolating(
    slice.map(({ delivery }) => delivery),
    async (events) => {
      const outcomes = await callDestination(deliverer, events);
      pace.settle(
        {
          isFailure: outcomes.every(({ kind }) => kind === "retry"),
          retryAfterMs: longestWait(outcomes),
        },
        now(),
      );
      return outcomes;
    },
  );
}

function longestWait(outcomes: readonly DeliveryOutcome[]): number | undefined {
  let longestMs: number | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind !== "retry" || outcome.retryAfterMs === undefined) continue;
    longestMs = Math.max(longestMs ?? outcome.retryAfterMs, outcome.retryAfterMs);
  }
  return longestMs;
}

function settle(
  { entry, receivedAtMs }: Ready,
  outcome: DeliveryOutcome,
  { rule, now, random, pace }: BlockDeps,
): Settlement {
  switch (outcome.kind) {
    case "delivered":
      return { kind: "delivered", entry, status: outcome.status, receivedAtMs };
    case "filtered":
      return { kind: "filtered", entry, code: outcome.code };
    case "rejected":
      return { kind: "dead", entry: tried(entry, outcome.code, now(), pace), code: outcome.code };
    case "retry": {
      const nowMs = now();
      const again = tried(entry, outcome.code, nowMs, pace);
      const { retryAfterMs } = outcome;
      const failed = { ...again, nowMs, retryAfterMs, stoppedMs: pace.stoppedMs(nowMs) };
      const next = nextAttempt(failed, rule, random());
      if (next.kind === "over") return { kind: "dead", entry: again, code: outcome.code };
      return { kind: "waiting", entry: again, dueAtMs: next.atMs, wasTried: true };
    }
  }
}

function tried(entry: LaneEntry, code: string, nowMs: number, pace: Pace): LaneEntry {
  const first =
    entry.attempts === 0
      ? { firstAttemptAtMs: nowMs, stoppedBeforeMs: pace.stoppedMs(nowMs) }
      : undefined;
  return { ...entry, ...first, attempts: entry.attempts + 1, code };
}

function postponedTo({ pace, now }: BlockDeps): number {
  return Math.max(pace.pausedUntilMs, now() + POSTPONE_MS);
}

/** Runs the pieces of work, at most `max` at a time, in order of their beginning. */
async function runSome(work: readonly (() => Promise<void>)[], max: number): Promise<void> {
  const rest = work.values();
  const runner = async (): Promise<void> => {
    for (const piece of rest) await piece();
  };
  await Promise.all(Array.from({ length: Math.min(max, work.length) }, runner));
}
