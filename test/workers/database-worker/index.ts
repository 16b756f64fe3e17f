import type { Delivery } from "../../../src/deliver/deliverer.ts";
import type { DestinationGround } from "../../../src/deliver/destinations.ts";
import { postgresDestination } from "../../../src/deliver/postgres/destination.ts";
import type { Dial } from "../../../src/deliver/postgres/raw-socket.ts";
import { dialOutside } from "../../../src/egress/shims/cloudflare-sockets.ts";

type Load = {
  readonly ground: Omit<DestinationGround, "observe" | "bucket">;
  readonly deliveries: readonly Delivery[];
  /** Where the host of the settings stands: no name can be made for the loopback address. */
  readonly standIn?: { readonly hostname: string; readonly port: number };
};

/** Loads what it is sent, and answers the outcomes with what the observer was told. */
export default {
  async fetch(request) {
    const { ground, deliveries, standIn } = await request.json<Load>();
    const told: string[] = [];
    const made = await postgresDestination(dialTo(standIn)).make({
      ...ground,
      observe: {
        sending: ({ host }, level) => void told.push(`${host} ${level}`),
        refused: ({ host }, reason) => void told.push(`${host} ${reason}`),
        sent: () => undefined,
        received: () => undefined,
      },
      bucket: {
        location: "eu-west-1",
        open: () => {
          throw new Error("Cannot open a bucket: there is none");
        },
      },
    });
    const outcomes = await made.deliver(deliveries, request.signal);
    await made.close?.();
    return Response.json({ outcomes, told });
  },
} satisfies ExportedHandler;

/** The guarded way out; with a stand-in what the guard allows goes on to that. */
function dialTo(standIn: Load["standIn"]): Dial {
  if (standIn === undefined) return dialOutside as Dial;
  return async (context, target, options) => {
    const development = { ...context, development: true };
    const { hostname: host, port } = standIn;
    const rules = [...context.rules, { host, port, level: "development" as const }];
    const allowed = context.rules.some((rule) => rule.host === target.hostname);
    if (!allowed) return { ok: false, error: { kind: "host-not-allowed", host: target.hostname } };
    return (dialOutside as Dial)({ ...development, rules }, standIn, options);
  };
}
