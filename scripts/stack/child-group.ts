import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Long enough for wrangler and Miniflare to close their databases. */
const GRACE_MS = 5_000;

/**
 * Ends a child that was started as the leader of its own group, and whatever the child started:
 * first with a request, after five seconds by force. Resolves when the child is gone.
 */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(child), GRACE_MS);
    await ended;
    clearTimeout(timer);
  }
  killGroup(child);
}

/** Kills what is left of the child's group; a workerd outlives a parent that was killed. */
export function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing is left of the group, which is what was wanted.
  }
}
