import { Analytics } from "@segment/analytics-node";

import type { HomeRegion } from "../../src/core/ids.ts";
import { DEV_HOSTS } from "../stack/dev-settings.ts";
import type { Stack } from "../stack/start-stack.ts";
import type { DemoHome } from "./homes.ts";

/** What was handed to the SDKs, and what they said became of it. */
export type Traffic = {
  /** messageIds by source id; each once, however often it was sent. */
  readonly messageIds: ReadonlyMap<string, readonly string[]>;
  /** Calls to the right region by source id, repeats included. */
  readonly sent: ReadonlyMap<string, number>;
  /** Calls with an eu key to the us host, and how many of them the SDK was told were refused. */
  readonly wrongRegionIds: readonly string[];
  readonly wrongRegionRefused: number;
};

const EVENTS_PER_HOME = 1_500;
/** Every tenth event is sent a second time, as a client does that did not hear the answer. */
const REPEAT_EVERY = 10;
const WRONG_REGION_EVENTS = 25;
const FLUSH_AT = 50;
const USERS = 200;
const PLACES = ["Checkout", "Pricing", "Home", "Docs"] as const;

/** Sends everything through Segment's own SDK, told nothing but a host and a key. */
export async function sendTraffic(
  stack: Stack,
  homes: readonly DemoHome[],
  onSent: (count: number) => void,
): Promise<Traffic> {
  const messageIds = new Map<string, readonly string[]>();
  const sent = new Map<string, number>();
  let total = 0;
  for (const home of homes) {
    const ids = idsOf(home.region, EVENTS_PER_HOME);
    messageIds.set(home.sourceId, ids);
    const repeats = ids.filter((_, index) => index % REPEAT_EVERY === 0);
    // The repeats go through a client of their own: an SDK that was started again.
    for (const batch of [ids, repeats]) {
      const analytics = clientFor(stack, home.region, home.writeKey);
      for (const [index, messageId] of batch.entries()) {
        send(analytics, home.region, messageId, index);
      }
      await analytics.closeAndFlush();
      total += batch.length;
      onSent(total);
    }
    sent.set(home.sourceId, ids.length + repeats.length);
  }
  return { messageIds, sent, ...(await sendToWrongRegion(stack, homes)) };
}

/** The traffic with events of one source that were sent besides, each once. */
export function withMore(
  traffic: Traffic,
  sourceId: string,
  messageIds: readonly string[],
): Traffic {
  const ids = [...(traffic.messageIds.get(sourceId) ?? []), ...messageIds];
  const sent = (traffic.sent.get(sourceId) ?? 0) + messageIds.length;
  return {
    ...traffic,
    messageIds: new Map([...traffic.messageIds, [sourceId, ids]]),
    sent: new Map([...traffic.sent, [sourceId, sent]]),
  };
}

async function sendToWrongRegion(
  stack: Stack,
  homes: readonly DemoHome[],
): Promise<Pick<Traffic, "wrongRegionIds" | "wrongRegionRefused">> {
  const eu = homes.find(({ region }) => region === "eu");
  if (eu === undefined)
    throw new Error("Cannot send to the wrong region: there is no eu workspace");
  const analytics = clientFor(stack, "us", eu.writeKey);
  let refused = 0;
  analytics.on("error", ({ ctx }) => {
    if (ctx !== undefined) refused += 1;
  });
  const ids = idsOf("wrong", WRONG_REGION_EVENTS);
  for (const [index, messageId] of ids.entries()) send(analytics, "eu", messageId, index);
  await analytics.closeAndFlush();
  return { wrongRegionIds: ids, wrongRegionRefused: refused };
}

function clientFor(stack: Stack, region: "eu" | "us", writeKey: string): Analytics {
  const host = DEV_HOSTS[region === "eu" ? "eu1" : "us1"];
  return new Analytics({ writeKey, host: `http://${host}:${stack.port}`, flushAt: FLUSH_AT });
}

/** The user's id names the region, so that wherever a part of the event turns up, its home is known. */
function send(analytics: Analytics, region: HomeRegion, messageId: string, index: number): void {
  const userId = `${region}-user-${index % USERS}`;
  if (index % 5 === 0) analytics.identify({ userId, messageId, traits: { plan: "trial" } });
  else if (index % 5 === 1) {
    const name = placeOf(index);
    const properties = { url: `https://shop.example.com/${name.toLowerCase()}` };
    analytics.page({ userId, messageId, name, properties });
  } else {
    const properties = { orderId: messageId, total: index };
    analytics.track({ userId, messageId, event: "Order Completed", properties });
  }
}

/** Whether the call of that number is a track call. */
export function isTrackCall(index: number): boolean {
  return index % 5 > 1;
}

function placeOf(index: number): string {
  return PLACES[index % PLACES.length] ?? PLACES[0];
}

function idsOf(label: string, count: number): readonly string[] {
  const run = crypto.randomUUID();
  return Array.from({ length: count }, (_, index) => `demo-${label}-${run}-${index}`);
}
