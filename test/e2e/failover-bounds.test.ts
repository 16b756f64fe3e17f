import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import {
  messageIdsOf,
  openHomeport,
  type Homeport,
  type SourceSettings,
  type TestSource,
} from "../support/homeport.ts";
import { beginOutage, landingsOf } from "../support/outage.ts";

/** How long the outages of these tests last: many times a timeout. */
const OUTAGE_MS = 4_000;
const LANDS_AFTER_MS = 4_000;
const WAIT = { timeout: 60_000, interval: 250 };

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({
    vars: {
      SEAL_SECONDS: "1",
      ARCHIVE_TIMEOUT_SECONDS: "1",
      ARCHIVE_PROBE_SECONDS: "2",
      SUSPECT_SECONDS: "8",
    },
  });
  homeport = openHomeport(stack);
});

afterEach(() => stack.aws.clearFaults());

afterAll(() => stack.stop());

async function newSource(settings: SourceSettings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace("eu"), settings);
}

/** Sends one event and resolves once it is accepted. */
async function send(source: TestSource, messageId: string): Promise<void> {
  const event = { type: "track", event: "Bounds", userId: "u1", messageId };
  const body = JSON.stringify({ writeKey: source.writeKey, batch: [event] });
  const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`Cannot send: ${answer.status}`);
}

/** What the source's one queue says of itself. */
async function queueOf(source: TestSource): Promise<Readonly<Record<string, unknown>>> {
  const path = `/api/v1/sources/${source.id}/metrics`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  const [queue = {}] = body["queues"] as readonly Readonly<Record<string, unknown>>[];
  return queue;
}

async function locationsOf(source: TestSource): Promise<readonly string[]> {
  const files = await homeport.files(source);
  return [...new Set(files.map(({ location }) => location))];
}

describe("while both locations fail", () => {
  it("keeps what it accepts, says so, and archives it by itself afterwards, once", async () => {
    const source = await newSource();
    await stack.aws.fault({
      operation: "PutObject",
      when: "before",
      effect: { kind: "answer", status: 503, code: "SlowDown" },
    });
    await send(source, "kept-1");
    await pause(OUTAGE_MS);
    await send(source, "kept-2");
    const during = await queueOf(source);
    await stack.aws.clearFaults();

    expect(during).toMatchObject({
      waitingEvents: 2,
      alert: expect.stringContaining("unavailable (SlowDown)"),
    });
    expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["kept-1", "kept-2"]);
    expect(await homeport.otherBucketsAreEmpty("eu")).toBe(true);
  });
});

describe("a source that may use Dublin only", () => {
  it("waits for it and never goes to Frankfurt", async () => {
    const source = await newSource({ archiveLocations: ["eu-west-1"] });
    await beginOutage(stack.aws, "eu-west-1", { kind: "refuses" });
    await send(source, "dublin-1");
    await pause(OUTAGE_MS);
    const during = [await queueOf(source), await locationsOf(source)];
    await stack.aws.clearFaults();
    await homeport.settledEvents(source);

    expect(during).toMatchObject([{ waitingEvents: 1 }, []]);
    expect(await locationsOf(source)).toEqual(["eu-west-1"]);
  });
});

describe("a change of archiveLocations while a PUT is in doubt", () => {
  it("leaves no copy behind at the location that was struck out", async () => {
    const source = await newSource({ archiveLocations: ["eu-west-1"] });
    await beginOutage(stack.aws, "eu-west-1", { kind: "late", ms: LANDS_AFTER_MS });
    await send(source, "doubt-1");
    await vi.waitFor(async () => {
      expect((await queueOf(source))["alert"]).toContain("timeout");
    }, WAIT);
    await homeport.api(source.workspace.token, "PATCH", `/api/v1/sources/${source.id}`, {
      archiveLocations: ["eu-central-1"],
    });
    await vi.waitFor(async () => {
      const { second } = await landingsOf(stack.aws, source.id, 0);
      expect(second).toHaveLength(1);
    }, WAIT);
    await vi.waitFor(async () => expect((await queueOf(source))["suspects"]).toBe(0), WAIT);

    expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["doubt-1"]);
    expect(await locationsOf(source)).toEqual(["eu-central-1"]);
  });
});

describe("a bucket that says that it is in another region", () => {
  it("is not followed there: the file goes to the other location of the home", async () => {
    const source = await newSource();
    await stack.aws.fault({
      location: "eu-west-1",
      when: "before",
      effect: { kind: "answer", status: 301, code: "PermanentRedirect" },
    });
    stack.recorder.clear();
    await send(source, "moved-1");
    await vi.waitFor(async () => {
      expect(await queueOf(source)).toMatchObject({ waitingEvents: 0, suspects: 0 });
    }, WAIT);
    await stack.aws.clearFaults();
    const called = new Set(stack.recorder.calls().map(({ host }) => host));
    const home = HOME_REGIONS.eu.locations.map((at) => new URL(stack.aws.endpoints[at]).host);

    expect(await locationsOf(source)).toEqual(["eu-central-1"]);
    expect([...called].filter((host) => !home.includes(host))).toEqual([]);
  });
});
