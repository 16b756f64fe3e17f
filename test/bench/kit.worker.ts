import "../../src/egress/install.ts";

import { kitDeliverer } from "../../src/deliver/kit/kit-deliverer.ts";
import { loadDestination } from "../../src/deliver/kit/load-kit.ts";

// All of the product stands beside it, as it does when it is deployed.
export * from "../../src/index.ts";

type Order = {
  readonly slug: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly mappings: readonly unknown[];
  readonly events: number;
  readonly declaredHosts: readonly string[];
};

/** Loads destinations, and delivers events to them, as `test/bench/kit.ts` asks. */
export default {
  async fetch(request: Request): Promise<Response> {
    const orders = await request.json<readonly Order[]>();
    const kinds: Record<string, number> = {};
    for (const { slug, events, ...order } of orders) {
      if (events === 0) {
        await loadDestination(slug);
        continue;
      }
      const deliverer = await kitDeliverer({
        ...order,
        slug,
        region: "eu",
        development: false,
        now: () => Date.now(),
      });
      for (let done = 0; done < events; done += deliverer.batch.events) {
        const batch = Array.from({ length: deliverer.batch.events }, (_, index) =>
          deliveryOf(done + index),
        );
        const outcomes = await deliverer.deliver(batch, AbortSignal.timeout(60_000));
        for (const outcome of outcomes) {
          const what = `${slug} ${outcome.kind} ${"code" in outcome ? outcome.code : ""}`.trim();
          kinds[what] = (kinds[what] ?? 0) + 1;
        }
      }
    }
    return Response.json(kinds);
  },
};

function deliveryOf(index: number) {
  return {
    event: {
      type: "track",
      event: "Signed Up",
      userId: `user-${index}`,
      anonymousId: `anonymous-${index}`,
      messageId: `message-${index}`,
      timestamp: new Date().toISOString(),
      receivedAt: new Date().toISOString(),
      properties: { order_id: `${index}`, revenue: 9.5, currency: "EUR" },
      context: { ip: "192.0.2.1", locale: "en", page: { url: "https://www.example.com/" } },
      integrations: {},
    },
    idempotencyKey: `${index}`,
  };
}
