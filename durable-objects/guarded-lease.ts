import { ConfigLease } from "../src/workspace/config-lease.ts";
import type { SourceConfig } from "../src/workspace/source-config.ts";
import type { RestoreGuard } from "./restore-guard.ts";

/** A queue's lease of its source's config, which also says whether the queue's storage was set back. */
export class GuardedLease extends ConfigLease {
  readonly guard: RestoreGuard;

  constructor(
    ask: () => Promise<SourceConfig | undefined>,
    now: () => number,
    guard: RestoreGuard,
  ) {
    super(ask, now);
    this.guard = guard;
  }

  /** Whether the queue may do by itself what makes its events seen; not before it has a config. */
  get admits(): boolean {
    const { current, guard } = this;
    return current === undefined ? guard.isAdmitted : guard.admits(current.deletion);
  }
}
