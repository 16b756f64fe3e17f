import { AsyncLocalStorage } from "node:async_hooks";

import type { EgressContext } from "./judge.ts";

const contexts = new AsyncLocalStorage<EgressContext>();

/**
 * Runs `work`, which may be code of a library, so that every way to the outside that it takes is
 * judged in `context`, also after it waited for something and in timers that it set.
 */
export function runInEgress<T>(context: EgressContext, work: () => T): T {
  return contexts.run(context, work);
}

/**
 * The context that the caller runs in.
 *
 * @throws Error `egress_without_context` when there is none: nothing may reach the outside without
 * saying for which region and what for.
 */
export function currentContext(): EgressContext {
  const context = contexts.getStore();
  if (context === undefined) {
    throw new Error("egress_without_context: Cannot reach the outside for no region");
  }
  return context;
}
