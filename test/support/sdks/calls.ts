import type { SdkCall } from "./node-sdks.ts";

/** When the calls below say that they happened: long before they are sent. */
const TIMESTAMP = new Date("2026-03-04T05:06:07.089Z");

/** One call of every type, with the fields and values that are easily damaged on the way. */
export const EVERY_CALL: readonly SdkCall[] = [
  {
    type: "identify",
    userId: "user-1",
    traits: { email: "a@example.com", plan: "pro", address: { city: "Zürich" }, logins: 12 },
  },
  {
    type: "track",
    userId: "user-1",
    event: "Order Completed",
    timestamp: TIMESTAMP,
    properties: { revenue: 12.5, empty: null, products: [{ sku: "a" }, { sku: "b" }] },
    context: { page: { path: "/checkout" }, locale: "de-CH" },
    integrations: { All: false, Webhooks: true },
  },
  {
    type: "page",
    anonymousId: "anonymous-1",
    name: "Home",
    properties: { url: "https://example.com/?a=1&b=%C3%A9", title: 'Quote " and \\ backslash' },
  },
  {
    type: "screen",
    userId: "user-1",
    name: "Settings",
    properties: { text: "漢字 🙂 \u2028 line" },
  },
  { type: "group", userId: "user-1", groupId: "group-1", traits: { name: "Example", seats: 3 } },
  { type: "alias", userId: "user-1", previousId: "anonymous-1" },
];

/** The line that a call has to become, as far as the call says it. */
export function expectedLine({ timestamp, ...call }: SdkCall): Readonly<Record<string, unknown>> {
  if (!(timestamp instanceof Date)) return call;
  return { ...call, originalTimestamp: timestamp.toISOString() };
}

/** Numbered tracks with ids of their own; `name` keeps those of several tests apart. */
export function manyTracks(count: number, name: string): readonly SdkCall[] {
  return Array.from({ length: count }, (_, index) => ({
    type: "track",
    userId: `user-${index % 7}`,
    event: "Counted",
    messageId: `${name}-${index}`,
    properties: { index },
  }));
}
