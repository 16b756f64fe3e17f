import { withDeadline } from "../../core/deadline.ts";
import { hostsFor, catalogueEntry } from "../catalogue/catalogue.ts";
import type { Deliverer, Delivery, DeliveryOutcome } from "../deliverer.ts";
import { callAction, type KitCallDeps } from "./kit-call.ts";
import { outcomeOfError } from "./kit-failure.ts";
import { readyMappings, type ReadyMapping } from "./kit-mapping.ts";
import { combined } from "./kit-outcomes.ts";
import { openKit, type KitGround, type KitSession } from "./kit-session.ts";
import { takeTokens, type FreshTokens } from "./kit-tokens.ts";

/** Bytes of the events of one call: below what vendors take in one request (1 to 5 MB). */
const BATCH_BYTES_MAX = 500_000;

/** Where an action sends events one by one: with half a second each they are through in time. */
const MIXED_EVENTS_MAX = 50;

/** Deleting one user, requests and all. */
const FORGET_MS_MAX = 20_000;

export type KitDelivererInput = KitGround & {
  /** Empty for the kit's own presets. */
  readonly mappings: readonly unknown[];
} & KitCallDeps;

/**
 * One of Segment's destinations, made ready for one workspace: its own code, loaded now, which
 * reaches only the hosts that the catalogue lists for the region.
 *
 * @throws Error when it may not be used in the region, or with these mappings. It quotes nothing.
 */
export async function kitDeliverer(input: KitDelivererInput): Promise<Deliverer> {
  const session = await openKit(input);
  const mappings = readyMappings(session.kit, input.mappings);
  return {
    batch: { events: callEvents(mappings), bytes: BATCH_BYTES_MAX },
    deliver: (events, signal) => deliver(session, mappings, events, signal, input),
    ...(canForget(session, input) ? { forget: forgetter(session, input) } : {}),
    get alert() {
      return session.standing.alert;
    },
  };
}

/** As many events as the largest batch takes, as far as all of them can be sent in time. */
function callEvents(mappings: readonly ReadyMapping[]): number {
  const sizes = mappings.map(({ batchEvents }) => batchEvents);
  const most = Math.max(1, ...sizes);
  return sizes.includes(1) ? Math.min(most, MIXED_EVENTS_MAX) : most;
}

/** Mappings one after the other, each with the events that it takes, in their order. */
async function deliver(
  session: KitSession,
  mappings: readonly ReadyMapping[],
  events: readonly Delivery[],
  signal: AbortSignal,
  deps: KitCallDeps,
): Promise<readonly DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[][] = events.map(() => []);
  for (const mapping of mappings) {
    const taken = [...events.entries()].filter(([, { event }]) => mapping.takes(event));
    if (taken.length === 0) continue;
    const parts = taken.map(([, delivery]) => delivery);
    const answers = await callAction(session, mapping, parts, signal, deps);
    for (const [place, [index]] of taken.entries()) {
      outcomes[index]?.push(answers[place] ?? { kind: "rejected", code: "INTERNAL" });
    }
  }
  return outcomes.map(combined);
}

/** A destination forgets where its code can and a host of the region is known for it. */
function canForget({ kit }: KitSession, { slug, region }: KitGround): boolean {
  const entry = catalogueEntry(slug);
  if (entry === undefined || kit.destination.onDelete === undefined) return false;
  const { hostSetting } = entry[region];
  return hostSetting !== undefined || hostsFor(entry[region], ["deletion"]).length > 0;
}

function forgetter(
  session: KitSession,
  { now, onTokens }: KitCallDeps,
): NonNullable<Deliverer["forget"]> {
  const { kit, settings, tokens, within } = session;
  const onTokenRefresh = (fresh: FreshTokens): Promise<void> =>
    takeTokens(session, fresh, onTokens);
  return async (user, signal) => {
    const { destination } = kit;
    try {
      const forgetting = within(["deletion", "oauth"], async () =>
        destination.onDelete?.(
          { type: "delete", ...user },
          { ...settings, oauth: { ...tokens } },
          { onTokenRefresh },
        ),
      );
      await withDeadline(FORGET_MS_MAX, signal, (limit) =>
        Promise.race([forgetting, aborted(limit)]),
      );
      return { kind: "delivered", status: 200 };
    } catch (error) {
      return outcomeOfError(error, now());
    } finally {
      destination.responses.length = 0;
    }
  };
}

/** The kit does not let anybody end a deletion; it is no longer waited for then. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new DOMException("The time is over", "TimeoutError"));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
