import { jitsuAnalytics } from "@jitsu/js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { startFlakyHost } from "../../support/flaky-host.ts";
import { openHomeport, type Homeport } from "../../support/homeport.ts";

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

describe("@jitsu/js, which is not offered", () => {
  it("posts to a path of Jitsu's own, which is answered as unknown; nothing is stored", async () => {
    const source = await homeport.createSource(await homeport.createWorkspace("eu"));
    const host = await startFlakyHost(homeport.hostOf("eu1"), []);
    const analytics = jitsuAnalytics({
      host: host.url,
      // Without a second part the SDK calls a key outdated and sends nothing.
      writeKey: `${source.writeKey}:secret`,
      errorPolicy: () => {},
    });

    await analytics.track("Clicked", { n: 1 });
    await expect.poll(() => host.seen().length).toBe(1);
    await host.stop();

    expect(host.seen()).toMatchObject([{ path: "/api/s/track", status: 404 }]);
    expect(host.seen()[0]?.headers).toHaveProperty("x-write-key");
    expect(await homeport.settledEvents(source)).toEqual([]);
  });
});
