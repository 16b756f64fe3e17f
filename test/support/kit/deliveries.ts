import type { Delivery } from "../../../src/deliver/deliverer.ts";

/** One tracked event on its way, with what a test says over it. */
export function deliveryOf(over: Readonly<Record<string, unknown>> = {}): Delivery {
  const event = {
    type: "track",
    event: "Signed Up",
    userId: "user-1",
    anonymousId: "anonymous-1",
    messageId: "message-1",
    timestamp: new Date().toISOString(),
    properties: { plan: "pro" },
    context: {},
    integrations: {},
    ...over,
  };
  return { event, idempotencyKey: "key" };
}
