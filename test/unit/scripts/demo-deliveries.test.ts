import { describe, expect, it } from "vitest";

import { deliveryHosts, Sinks } from "../../../scripts/demo/deliveries.ts";

/** A profile call: it names a user and no event. */
const BODY = JSON.stringify({ user_id: "eu-user-7", user_properties: { plan: "trial" } });

async function sendTo(host: string): Promise<Sinks> {
  const sinks = new Sinks();
  const route = sinks.routes()[host];
  if (typeof route !== "function") throw new Error(`Cannot send: no sink stands for ${host}`);
  const url = new URL(`https://${host}/identify`);
  await route({ method: "POST", url, headers: {}, body: Buffer.from(BODY) });
  return sinks;
}

describe("the demo's stand-ins for destinations", () => {
  it.each(deliveryHosts("us"))("notice whatever of eu comes to %s, events or not", async (host) => {
    expect((await sendTo(host)).outsideBytes).toEqual({ eu: BODY.length, us: 0 });
  });

  it.each(deliveryHosts("eu"))("take what is of eu at %s", async (host) => {
    expect((await sendTo(host)).outsideBytes).toEqual({ eu: 0, us: 0 });
  });
});
