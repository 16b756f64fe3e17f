import type { Result } from "../../core/result.ts";
import type { VerificationStep, VerificationStepName } from "./verification.ts";

/** Between two tries of what IAM may not have heard of yet. */
const TRY_EVERY_MS = 3_000;

/** How long a refusal is waited out: IAM takes a while to tell of new roles and policies. */
export type Patience = {
  readonly untilMs: number;
  readonly wait: (ms: number) => Promise<void>;
  readonly now: () => number;
};

/** Tries again while IAM may not have heard yet: a refusal, until the time is over. */
export async function patient<T, E>(
  { untilMs, wait, now }: Patience,
  work: () => Promise<Result<T, E>>,
): Promise<Result<T, E>> {
  for (;;) {
    const done = await work();
    if (done.ok || !isAccessDenied(done.error)) return done;
    if (now() + TRY_EVERY_MS > untilMs) return done;
    await wait(TRY_EVERY_MS);
  }
}

function isAccessDenied(error: unknown): boolean {
  return (error as { readonly code?: string }).code === "AccessDenied";
}

export function passed(step: VerificationStepName, found: string): VerificationStep {
  return { step, state: "passed", found };
}

export function failed(
  step: VerificationStepName,
  error: { readonly kind: string; readonly code?: string } | undefined,
  change: string,
): VerificationStep {
  const found =
    error === undefined ? "It was not as it has to be." : `${error.code ?? error.kind}.`;
  return { step, state: "failed", found, change };
}
