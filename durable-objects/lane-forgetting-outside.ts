import { withDeadline } from "../src/core/deadline.ts";
import type { Deliverer, DeliveryOutcome, ErasedFiles } from "../src/deliver/deliverer.ts";
import type { DestinationForgetting, LaneSubjects } from "../src/deliver/lane/ports.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { LaneDestination } from "./lane-destination.ts";

/** Of one call, between two users: whoever calls waits for it. */
const SLICE_MS_MAX = 15_000;

/** Until a destination has to have answered for one user; Segment waits as long. */
const ANSWER_MS_MAX = 10_000;

export type ForgettingOutsideDeps = {
  readonly destination: LaneDestination;
  readonly observe: EgressObserver;
  /** After this no write that was sent before can land any more. */
  readonly lateMs: number;
};

/** How far it is: the number of the first user not asked for, or a position in files. */
export type ForgettingFrom = { readonly next: number; readonly position: string | undefined };

/**
 * Asks a destination to forget users, as far as one slice goes. A user may be asked for twice after a
 * kill; forgetting twice is forgetting once.
 *
 * @throws Error when the workspace does not say what the destination is.
 */
export async function forgetAtDestination(
  { type, ids }: LaneSubjects,
  { next: from, position }: ForgettingFrom,
  { destination, observe, lateMs }: ForgettingOutsideDeps,
): Promise<DestinationForgetting> {
  destination.expire();
  const config = await destination.config();
  if (config === undefined) throw new Error("Cannot forget: the destination is not known");
  // Its secrets are gone with it, so nobody can ask in its name any more.
  if (config.state === "deleted" && !destination.keepsFilesOfOurs(config)) {
    return { status: "NOT_SUPPORTED", error: "destination_deleted" };
  }
  const made = await destination.makeWatched(config, observe);
  if (made === undefined) return { status: "FAILED", error: "settings" };
  const untilMs = Date.now() + SLICE_MS_MAX;
  try {
    const { deliverer } = made;
    if (deliverer.erase !== undefined) {
      const erased = await deliverer.erase(
        { type, ids: new Set(ids) },
        { position, isOver: () => Date.now() >= untilMs, now: () => Date.now(), lateMs },
      );
      return forgettingOf(erased);
    }
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

function forgettingOf(erased: ErasedFiles): DestinationForgetting {
  const { counts, position } = erased;
  const at = { counts, ...(position === undefined ? {} : { position }) };
  if (erased.kind !== "slice") {
    const isPassing = erased.kind === "retry";
    return { status: "RUNNING", error: erased.code, ...(isPassing ? { isPassing } : {}), ...at };
  }
  return erased.isOver
    ? { status: "FINISHED", counts }
    : { status: "RUNNING", isPassing: true, ...at };
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
