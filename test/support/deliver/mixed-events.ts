import type { Delivery } from "../../../src/deliver/deliverer.ts";

/** Time between two events, ms. */
const STEP_MS = 1_000;
const START_MS = Date.parse("2026-03-01T00:00:00.000Z");
const USERS = 500;

/** Events of every type as SDKs send them, the same for the same numbers; `i` counts from 0. */
export function mixedEvent(i: number): Readonly<Record<string, unknown>> {
  const atMs = START_MS + i * STEP_MS;
  const common = {
    messageId: `message-${i}`,
    userId: `user-${i % USERS}`,
    anonymousId: `anonymous-${i % (2 * USERS)}`,
    receivedAt: new Date(atMs + 500).toISOString(),
    sentAt: new Date(atMs + 400).toISOString(),
    timestamp: new Date(atMs).toISOString(),
    originalTimestamp: new Date(atMs).toISOString(),
    context: { ip: "192.0.2.1", library: { name: "analytics.js", version: "4.1" }, active: true },
  };
  switch (i % 10) {
    case 0:
      return { ...common, type: "identify", traits: { email: `${i}@example.com`, logins: i } };
    case 1:
      return { ...common, type: "page", name: "Home", properties: { url: "https://x", width: i } };
    case 2:
      return { ...common, type: "group", groupId: `group-${i % 7}`, traits: { seats: i } };
    case 3:
      return { ...common, type: "screen", name: "Start", properties: { orientation: "up" } };
    case 4:
      return { ...common, type: "alias", previousId: `old-${i}` };
    default:
      return {
        ...common,
        type: "track",
        event: ["Order Completed", "Signed Up", "users"][i % 3],
        properties: {
          total: i / 4,
          orderId: `o-${i}`,
          items: [{ sku: "a" }],
          address: { city: "Köln" },
          isFirst: i % 2 === 0,
          at: new Date(atMs).toISOString(),
          nothing: null,
        },
      };
  }
}

/** Those events on their way, from `from` up to before `to`. */
export function mixedDeliveries(from: number, to: number): readonly Delivery[] {
  return Array.from({ length: to - from }, (_, i) => deliveryOf(mixedEvent(from + i)));
}

export function deliveryOf(event: Readonly<Record<string, unknown>>): Delivery {
  return { event, idempotencyKey: `key of ${String(event["messageId"])}` };
}
