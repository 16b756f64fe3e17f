import { Analytics } from "@segment/analytics-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { homeBucketName, LOCATIONS } from "../../scripts/local-aws/options.ts";
import { newWorkspace, type NewWorkspace } from "../../scripts/stack/new-workspace.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { DEV_HOSTS } from "../../scripts/stack/dev-settings.ts";
import { homeOf, type ArchiveLocation, type IngestRegion } from "../../src/region/regions.ts";
import { resolveLocalhostNames } from "../support/localhost-lookup.ts";
import { readBucket } from "../support/read-bucket.ts";

let stack: Stack;

beforeAll(async () => {
  resolveLocalhostNames();
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
});

afterAll(async () => {
  await stack.stop();
});

/** The event names that lie in the bucket at `location`. */
async function eventsAt(location: ArchiveLocation): Promise<readonly unknown[]> {
  const access = {
    endpoint: stack.aws.endpoints[location],
    location,
    credentials: stack.aws.credentials[homeOf(location)],
  };
  const files = await readBucket(access, homeBucketName(location));
  return files.flatMap(({ lines }) => lines.map((line) => (line as { event?: unknown }).event));
}

async function track(workspace: NewWorkspace, ingest: IngestRegion, event: string): Promise<void> {
  const host = `http://${DEV_HOSTS[ingest]}:${stack.port}`;
  const analytics = new Analytics({ writeKey: workspace.writeKey, host });
  analytics.track({ userId: "user-1", event, properties: { price: 1.5 } });
  await analytics.closeAndFlush();
}

describe("an event sent with Segment's SDK", () => {
  it.each([
    ["us", "us1", "us-west-2"],
    ["eu", "eu1", "eu-west-1"],
  ] as const)("of a workspace in %s lands once, in its bucket only", async (home, ingest, at) => {
    const workspace = await newWorkspace(stack, home, `Shop ${home}`);
    stack.recorder.clear();

    await track(workspace, ingest, `Bought in ${home}`);

    await vi.waitFor(async () => expect(await eventsAt(at)).toEqual([`Bought in ${home}`]), {
      timeout: 30_000,
      interval: 200,
    });
    for (const other of LOCATIONS.filter((location) => location !== at)) {
      expect(await eventsAt(other)).not.toContain(`Bought in ${home}`);
    }
    const contacted = new Set(stack.recorder.calls().map(({ host }) => host));
    expect([...contacted]).toEqual([new URL(stack.aws.endpoints[at]).host]);
  });
});
