import type { HomeRegion } from "../../src/core/ids.ts";
import { HOME_REGION_NAMES } from "../../src/region/regions.ts";
import type { OutboundAnswer, OutboundRequest, Route } from "../stack/recorder.ts";
import type { Stack } from "../stack/start-stack.ts";
import { post, type DemoHome } from "./homes.ts";
import { isTrackCall, type Traffic } from "./traffic.ts";

/** One destination of the demo: what is asked of the API, and the host each region has to use. */
type DemoDestination = {
  readonly name: string;
  readonly slug: string;
  readonly host: Readonly<Record<HomeRegion, string>>;
  readonly settings: (host: string) => Readonly<Record<string, unknown>>;
  /** Hosts that the workspace says are in its region; vendors' are in the catalogue. */
  readonly isDeclared: boolean;
  /** Whether it shows every call, or only what stands in the properties of the track calls. */
  readonly takes: "all" | "track";
};

/** The same three in both regions: the product chooses the host, the demo only says which is right. */
const DESTINATIONS: readonly DemoDestination[] = [
  {
    name: "webhook",
    slug: "webhook",
    host: { eu: "hooks.eu.example.com", us: "hooks.us.example.com" },
    settings: (host) => ({ url: `https://${host}/homeport`, secret: "demo-webhook-secret" }),
    isDeclared: true,
    takes: "all",
  },
  {
    name: "Amplitude",
    slug: "amplitude",
    host: { eu: "api.eu.amplitude.com", us: "api2.amplitude.com" },
    settings: () => ({ apiKey: "demo", secretKey: "demo" }),
    isDeclared: false,
    takes: "track",
  },
  {
    name: "Customer.io",
    slug: "customerio",
    host: { eu: "track-eu.customer.io", us: "track.customer.io" },
    settings: () => ({ siteId: "demo", apiKey: "demo" }),
    isDeclared: false,
    takes: "track",
  },
];

/** A destination that is new when a replay goes to it. */
export const REPLAY_HOST = "new-tool.eu.example.com";
/** Hosts of `eu` besides those that events are delivered to: a vendor's own for deletions. */
const MORE_HOSTS: Readonly<Record<HomeRegion, readonly string[]>> = {
  eu: [REPLAY_HOST, "analytics.eu.amplitude.com"],
  us: [],
};

const MESSAGE_ID = /demo-(?:eu|us|wrong)-[0-9a-f-]{36}-\d+/g;
/** Of every request that carries an event or a profile: whose region it is of. */
const USER_ID = /\b(eu|us)-user-\d+/g;

/** Stands for the destinations of both regions: takes everything, and keeps which events came. */
export class Sinks {
  readonly #seen = new Map<string, Set<string>>();
  readonly #outsideBytes = { eu: 0, us: 0 };

  /** Routes for the stack's recorder. */
  routes(): Readonly<Record<string, Route>> {
    const hosts = HOME_REGION_NAMES.flatMap(deliveryHosts);
    return Object.fromEntries(hosts.map((host) => [host, (request) => this.#take(request)]));
  }

  /** messageIds that came to the host. */
  seenAt(host: string): ReadonlySet<string> {
    return this.#seen.get(host) ?? new Set();
  }

  /** Bytes of requests that name a user of that region and came to a host of the other one. */
  get outsideBytes(): Readonly<Record<HomeRegion, number>> {
    return this.#outsideBytes;
  }

  /** Forgets one event that came to a host: a planted fault. */
  loseOne(host = DESTINATIONS[0]?.host.eu ?? ""): void {
    const seen = this.#seen.get(host);
    const [first] = seen ?? [];
    if (first !== undefined) seen?.delete(first);
  }

  async #take({ url, body }: OutboundRequest): Promise<OutboundAnswer> {
    const text = body.toString("utf8");
    const seen = this.#seen.get(url.host) ?? new Set();
    for (const [id] of text.matchAll(MESSAGE_ID)) seen.add(id);
    this.#seen.set(url.host, seen);
    const named = new Set(Array.from(text.matchAll(USER_ID), ([, region]) => region));
    for (const region of HOME_REGION_NAMES) {
      const isOutside = named.has(region) && !deliveryHosts(region).includes(url.host);
      if (isOutside) this.#outsideBytes[region] += body.length;
    }
    const headers = { "content-type": "application/json" };
    return { status: 200, headers, body: Buffer.from("{}") };
  }
}

/** Hosts that the demo's workspace of that region may deliver to. */
export function deliveryHosts(region: HomeRegion): readonly string[] {
  return [...DESTINATIONS.map(({ host }) => host[region]), ...MORE_HOSTS[region]];
}

/** Connects all destinations to the home's source, as anyone would. */
export async function connectDestinations(stack: Stack, home: DemoHome): Promise<void> {
  for (const { name, slug, host, settings, isDeclared } of DESTINATIONS) {
    await post(stack, "/api/v1/destinations", home.token, {
      name,
      slug,
      sourceId: home.sourceId,
      settings: settings(host[home.region]),
      ...(isDeclared ? { hosts: [host[home.region]] } : {}),
    });
  }
}

/** Events delivered by region and destination, as the sinks saw them, and what is wrong with that. */
export type Deliveries = {
  readonly delivered: Readonly<Record<HomeRegion, Readonly<Record<string, number>>>>;
  readonly problems: readonly string[];
};

/** Compares what came to the sinks with what was sent. */
export function judgeDeliveries(
  homes: readonly DemoHome[],
  traffic: Traffic,
  sinks: Sinks,
): Deliveries {
  const delivered: Record<HomeRegion, Record<string, number>> = { eu: {}, us: {} };
  const problems: string[] = [];
  for (const { region, sourceId } of homes) {
    const ids = traffic.messageIds.get(sourceId) ?? [];
    for (const { name, slug, host, takes } of DESTINATIONS) {
      const seen = sinks.seenAt(host[region]);
      const wanted = takes === "all" ? ids : ids.filter((_, index) => isTrackCall(index));
      const missing = wanted.filter((id) => !seen.has(id)).length;
      const own = new Set(ids);
      const foreign = [...seen].filter((id) => !own.has(id)).length;
      delivered[region][slug] = wanted.length - missing;
      if (missing > 0) problems.push(`${region}: ${missing} events did not come to ${name}`);
      if (foreign > 0) problems.push(`${region}: ${foreign} foreign events came to ${name}`);
    }
  }
  return { delivered, problems };
}

/** The counts in a line, for whoever waits. */
export function deliveryProgress(delivered: Deliveries["delivered"]): string {
  return Object.entries(delivered)
    .map(([region, counts]) => {
      const each = Object.entries(counts).map(([slug, count]) => `${slug} ${count}`);
      return `${region} ${each.join(", ")}`;
    })
    .join("; ");
}
