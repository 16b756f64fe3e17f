import { withDeadline } from "../src/core/deadline.ts";
import type { Deliverer, DeliveryOutcome } from "../src/deliver/deliverer.ts";
import type { DestinationForgetting, LaneSubjects } from "../src/deliver/lane/ports.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { LaneDestination } from "./lane-destination.ts";

/** Of one call, between two users: whoever calls waits for it. */
const SLICE_MS_MAX = 15_000;

/** Until a destination has to have answered for one user; Segment waits as long. */
const ANSWER_MS_MAX = 10_000;

/**
 * Asks a destination to forget users, as far as one slice goes. A user may be asked for twice after a
 * kill; forgetting twice is forgetting once.
 */
export async function forgetAtDestination(
  { type, ids }: LaneSubjects,
  from: number,
  destination: LaneDestination,
  observe: EgressObserver,
): Promise<DestinationForgetting> {
  destination.expire();
  const config = await destination.config();
  // Its secrets are gone with it, so nobody can ask in its name any more.
  if (config === undefined || config.state === "deleted") {
    return { status: "NOT_SUPPORTED", error: "destination_deleted" };
  }
  const made = await destination.makeWatched(config, observe);
  if (made === undefined) return { status: "FAILED", error: "settings" };
  const untilMs = Date.now() + SLICE_MS_MAX;
  try {
    const { deliverer } = made;
    if (deliverer.forget === undefined) return { status: "NOT_SUPPORTED" };
    for (let i = from; i < ids.length; i++) {
      if (Date.now() >= untilMs) return { status: "RUNNING", next: i };
      const outcome = await ask(deliverer, type, ids[i] ?? "");
      if (outcome.kind === "retry") return { status: "RUNNING", next: i, error: outcome.code };
      if (outcome.kind === "rejected") return { status: "FAILED", error: outcome.code };
    }
    return { status: "FINISHED" };
  } finally {
    await made.deliverer.close?.();
  }
}

async function ask(
  deliverer: Deliverer,
  type: LaneSubjects["type"],
  id: string,
): Promise<DeliveryOutcome> {
  const user = type === "USER_ID" ? { userId: id } : { anonymousId: id };
  const asked = withDeadline(ANSWER_MS_MAX, new AbortController().signal, async (signal) =>
    deliverer.forget?.(user, signal),
  );
  return (await asked) ?? { kind: "rejected", code: "NOT_SUPPORTED" };
}
