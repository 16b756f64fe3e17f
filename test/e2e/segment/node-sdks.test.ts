import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { startFlakyHost, type FlakyHost, type Step } from "../../support/flaky-host.ts";
import {
  duplicatesIn,
  messageIdsOf,
  openHomeport,
  type Homeport,
  type TestSource,
} from "../../support/homeport.ts";
import { EVERY_CALL, expectedLine, manyTracks } from "../../support/sdks/calls.ts";
import { NODE_SDKS, type Sdk, type SdkCall } from "../../support/sdks/node-sdks.ts";

const UNAVAILABLE: Step = { status: 503, retryAfter: "1" };
const TOO_MANY: Step = { status: 429, retryAfter: "1" };

let stack: Stack;
let homeport: Homeport;
const flakyHosts: FlakyHost[] = [];

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await Promise.all(flakyHosts.map((host) => host.stop()));
  await stack.stop();
});

async function newSource(region: "eu" | "us", settings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace(region), settings);
}

async function flakyHost(steps: readonly Step[]): Promise<FlakyHost> {
  const host = await startFlakyHost(homeport.hostOf("eu1"), steps);
  flakyHosts.push(host);
  return host;
}

/** Makes the calls and flushes, as a program would before it ends. */
async function send(
  sdk: Sdk,
  host: string,
  writeKey: string,
  calls: readonly SdkCall[],
): Promise<readonly unknown[]> {
  const client = sdk.open(host, writeKey);
  for (const call of calls) client.call(call);
  return client.close();
}

describe.each(NODE_SDKS)("$name", (sdk) => {
  it("every call type arrives in the eu home bucket as it was called", async () => {
    const source = await newSource("eu");

    const failures = await send(sdk, homeport.hostOf("eu1"), source.writeKey, EVERY_CALL);

    const events = await homeport.settledEvents(source);
    expect(failures).toEqual([]);
    expect(events).toHaveLength(EVERY_CALL.length);
    for (const call of EVERY_CALL) {
      expect(events).toContainEqual(expect.objectContaining(containing(expectedLine(call))));
    }
  });

  it("many events over several batches arrive in the us home bucket, once each", async () => {
    const source = await newSource("us");
    const calls = manyTracks(100, "many");

    await send(sdk, homeport.hostOf("us1"), source.writeKey, calls);

    const events = await homeport.settledEvents(source);
    expect(messageIdsOf(events)).toEqual(messageIdsOf(calls));
  });

  it("an event called twice with its messageId stands once in the archive", async () => {
    const source = await newSource("eu");
    const calls = manyTracks(5, "again");

    await send(sdk, homeport.hostOf("eu1"), source.writeKey, calls);
    await send(sdk, homeport.hostOf("eu1"), source.writeKey, calls);

    expect(messageIdsOf(await homeport.settledEvents(source))).toHaveLength(calls.length);
    expect(await homeport.counters(source)).toMatchObject({ "duplicate duplicate": calls.length });
  });

  it("sends again after 503 and 429, and nothing is lost", async () => {
    const source = await newSource("eu");
    const host = await flakyHost([UNAVAILABLE, TOO_MANY]);
    const calls = manyTracks(10, "refused");

    const failures = await send(sdk, host.url, source.writeKey, calls);

    const events = await homeport.settledEvents(source);
    expect(failures).toEqual([]);
    expect(host.seen().map(({ step }) => step)).toEqual(
      expect.arrayContaining([UNAVAILABLE, TOO_MANY]),
    );
    expect(messageIdsOf(events)).toEqual(messageIdsOf(calls));
  });

  it("sends again when the answer was lost, and nothing stands twice", async () => {
    const source = await newSource("eu");
    const host = await flakyHost(["lose-answer"]);

    const failures = await send(sdk, host.url, source.writeKey, EVERY_CALL);

    const events = await homeport.settledEvents(source);
    expect(failures).toEqual([]);
    expect(host.seen()[0]).toMatchObject({ step: "lose-answer", status: 200 });
    expect(duplicatesIn(events)).toEqual([]);
    expect(events).toHaveLength(EVERY_CALL.length);
  });
});

describe("@segment/analytics-node", () => {
  it("hears at once that its key belongs to another region, and nothing is stored", async () => {
    const source = await newSource("eu");
    const [sdk] = NODE_SDKS;

    const failures = sdk && (await send(sdk, homeport.hostOf("us1"), source.writeKey, EVERY_CALL));

    expect(failures).toHaveLength(EVERY_CALL.length);
    expect(await homeport.settledEvents(source)).toEqual([]);
    expect(await homeport.straysOf(source)).toEqual([]);
  });

  it("waits as our own 429 asks, and nothing is lost", async () => {
    const source = await newSource("eu", { rate: 1 });
    // Uses up what a source of that rate may take at once, and a few seconds more.
    for (const count of [2499, 8]) {
      const batch = manyTracks(count, `drain-${count}`);
      await fetch(`${homeport.hostOf("eu1")}/v1/batch`, {
        method: "POST",
        body: JSON.stringify({ writeKey: source.writeKey, batch }),
      });
    }
    const host = await flakyHost([]);
    const [sdk] = NODE_SDKS;

    const failures = sdk && (await send(sdk, host.url, source.writeKey, EVERY_CALL));

    expect(failures).toEqual([]);
    expect(host.seen().map(({ status }) => status)).toEqual([429, 200]);
    const events = await homeport.waitForEvents(source, 2507 + EVERY_CALL.length);
    expect(events).toHaveLength(2507 + EVERY_CALL.length);
  });
});

/** SDKs add to objects, so that what a call says is looked for inside them. */
function containing(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? expect.objectContaining(containing(inner as Record<string, unknown>))
        : inner,
    ]),
  );
}
