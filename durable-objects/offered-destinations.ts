import type { Destinations, OfferedDestination } from "../src/deliver/destinations.ts";
import { kitDestinations } from "../src/deliver/kit/offered.ts";
import { webhookDestination } from "../src/deliver/webhook.ts";

const now = (): number => Date.now();

/** Every destination that this deployment offers. A new one is one more entry here. */
const OFFERED: readonly OfferedDestination[] = [webhookDestination(now), ...kitDestinations(now)];

export const DESTINATIONS: Destinations = new Map(
  OFFERED.map((offered) => [offered.kind.slug, offered]),
);
