import type { Destinations, OfferedDestination } from "../src/deliver/destinations.ts";
import { kitDestinations } from "../src/deliver/kit/offered.ts";
import { ownDestinations } from "../src/deliver/own.ts";
import type { Dial } from "../src/deliver/postgres/raw-socket.ts";

const now = (): number => Date.now();

/** Sockets are there in workerd only, so they are asked for when the first one is opened. */
export const dial: Dial = async (...args) => {
  const { dialOutside } = await import("../src/egress/shims/cloudflare-sockets.ts");
  return (dialOutside as Dial)(...args);
};

/** Every destination that this deployment offers. A new one is one more entry here. */
const OFFERED: readonly OfferedDestination[] = [
  ...ownDestinations(now, dial),
  ...kitDestinations(now),
];

export const DESTINATIONS: Destinations = new Map(
  OFFERED.map((offered) => [offered.kind.slug, offered]),
);
