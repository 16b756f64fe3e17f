import { withDeadline } from "../../core/deadline.ts";
import type { BatchResult, RecordResult, Target, TargetBatch } from "../target/target.ts";

/** How often a batch that may succeed later is sent again before it is given back. */
export const RETRIES_MAX = 7;

const FIRST_WAIT_MS = 500;
/** The longest wait inside one slice of a run; a longer one ends the slice, and the run goes on later. */
export const WAIT_MS_MAX = 20_000;

/** Until a call has to be over; targets have shorter bounds of their own. */
const CALL_MS_MAX = 300_000;
/** Nobody but the time ends a call. */
const NEVER = new AbortController().signal;

/** What became of the records of a batch, in order; `undefined` for what is not decided. */
export type BatchEnd = {
  readonly results: readonly (RecordResult | undefined)[];
  /** Why not all of them are decided. */
  readonly stop:
    | { readonly kind: "later"; readonly code: string; readonly waitMs: number }
    | { readonly kind: "failed"; readonly code: string; readonly message: string }
    | undefined;
};

export type SendDeps = {
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
};

/**
 * Sends one batch until each of its records is decided or the destination has to be left alone. A
 * batch that is refused as a whole is halved, down to single records, so that one bad record does not
 * take others with it.
 */
export async function sendBatch(deps: SendDeps, batch: TargetBatch): Promise<BatchEnd> {
  if (batch.records.length === 0) return { results: [], stop: undefined };
  const answer = await sendWithRetries(deps, batch);
  switch (answer.kind) {
    case "answered":
      // A record that was not answered for does not count as accepted.
      return {
        results: batch.records.map((_, at) => answer.results[at] ?? UNANSWERED),
        stop: undefined,
      };
    case "retry":
      return {
        results: undecided(batch),
        stop: { kind: "later", code: answer.code, waitMs: answer.waitMs },
      };
    case "failed":
      return { results: undecided(batch), stop: answer };
    case "refused":
      return splitBatch(deps, batch, answer.reason);
  }
}

const UNANSWERED: RecordResult = {
  kind: "rejected",
  reason: "the destination gave no result for it",
};

async function splitBatch(deps: SendDeps, batch: TargetBatch, reason: string): Promise<BatchEnd> {
  const { records } = batch;
  if (records.length === 1) return { results: [{ kind: "rejected", reason }], stop: undefined };
  const middle = Math.ceil(records.length / 2);
  const first = await sendBatch(deps, { ...batch, records: records.slice(0, middle) });
  const rest = { ...batch, records: records.slice(middle) };
  if (first.stop !== undefined) {
    return { results: [...first.results, ...undecided(rest)], stop: first.stop };
  }
  const second = await sendBatch(deps, rest);
  return { results: [...first.results, ...second.results], stop: second.stop };
}

type Sent =
  | Exclude<BatchResult, { readonly kind: "retry" }>
  | { readonly kind: "retry"; readonly code: string; readonly waitMs: number };

async function sendWithRetries(deps: SendDeps, batch: TargetBatch): Promise<Sent> {
  const { target, signal, random, sleep } = deps;
  for (let attempt = 0; ; attempt += 1) {
    // A run that is canceled stops between two calls: one that is broken off may have been carried out.
    const answer = await withDeadline(CALL_MS_MAX, NEVER, (late) => target.send(batch, late));
    if (answer.kind !== "retry") return answer;
    // Half of the wait is by chance, so that many batches do not come back at once.
    const backOffMs = FIRST_WAIT_MS * 2 ** attempt * (0.5 + random() / 2);
    const waitMs = Math.max(answer.retryAfterMs ?? 0, backOffMs);
    const isLong = waitMs > WAIT_MS_MAX || attempt >= RETRIES_MAX;
    if (isLong || signal.aborted) return { kind: "retry", code: answer.code, waitMs };
    await sleep(waitMs);
  }
}

function undecided({ records }: TargetBatch): readonly undefined[] {
  return records.map(() => undefined);
}
