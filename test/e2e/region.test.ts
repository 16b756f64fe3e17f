import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import { messageIdsOf, openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { jsonOf, sendRaw, type RawAnswer } from "../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

beforeEach(() => {
  stack.recorder.clear();
});

afterEach(async () => {
  await stack.aws.clearFaults();
});

async function newSource(region: HomeRegion, settings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace(region), settings);
}

/** Sends three events, with the key where it is said to stand. */
function send(
  host: string,
  { writeKey }: TestSource,
  keyIn: "body" | "header" = "body",
): Promise<RawAnswer> {
  const batch = ["a", "b", "c"].map((messageId) => ({
    type: "track",
    event: "E",
    userId: "u",
    messageId,
  }));
  const basic = Buffer.from(`${writeKey}:`).toString("base64");
  return sendRaw(host, {
    path: "/v1/batch",
    body: JSON.stringify(keyIn === "body" ? { writeKey, batch } : { batch }),
    headers: keyIn === "body" ? {} : { authorization: `Basic ${basic}` },
  });
}

/** Host and port of the S3 endpoints of a home region. */
function hostsOf(region: HomeRegion): readonly string[] {
  return HOME_REGIONS[region].locations.map(
    (location) => new URL(stack.aws.endpoints[location]).host,
  );
}

/** Hosts that were called, without repeats. */
function calledHosts(): readonly string[] {
  return [...new Set(stack.recorder.calls().map(({ host }) => host))];
}

describe("a key of an eu workspace at another region's host", () => {
  it.each([
    ["us1", "body"],
    ["us1", "header"],
    ["ap1", "body"],
    ["au1", "header"],
  ] as const)("%s, key in the %s: is refused and told the right host", async (region, keyIn) => {
    const source = await newSource("eu");

    const answer = await send(homeport.hostOf(region), source, keyIn);

    expect(answer.status).toBe(403);
    expect(jsonOf(answer)).toMatchObject({
      success: false,
      code: "wrong_region",
      message: expect.stringContaining(new URL(homeport.hostOf("eu1")).host),
    });
  });

  it("is counted at home, event by event, even when it is all the source ever got", async () => {
    const source = await newSource("eu");

    await send(homeport.hostOf("us1"), source);

    expect(await homeport.counters(source)).toMatchObject({ "refused wrong_region": 3 });
  });

  it("in the header is refused before the body is looked at", async () => {
    const source = await newSource("eu");
    const basic = Buffer.from(`${source.writeKey}:`).toString("base64");
    const headers = { authorization: `Basic ${basic}` };

    const answer = await sendRaw(homeport.hostOf("us1"), {
      path: "/v1/batch",
      body: "no JSON",
      headers,
    });

    expect(jsonOf(answer)).toMatchObject({ code: "wrong_region" });
  });

  it("in a pixel gets the GIF all the same, is counted, and nothing is stored", async () => {
    const source = await newSource("eu", { pixel: true });
    const path = `/v1/pixel/track?writeKey=${source.writeKey}&userId=u&event=E`;

    const answer = await sendRaw(homeport.hostOf("us1"), { method: "GET", path });

    expect(answer.headers["content-type"]).toBe("image/gif");
    expect(await homeport.settledEvents(source)).toEqual([]);
    expect(await homeport.counters(source)).toMatchObject({ "refused wrong_region": 1 });
  });

  it("stores nothing anywhere, and nothing goes out", async () => {
    const source = await newSource("eu");

    await send(homeport.hostOf("us1"), source);

    expect(await homeport.settledEvents(source)).toEqual([]);
    expect(await homeport.straysOf(source)).toEqual([]);
    // The marker behind it is what the home's own endpoint got.
    expect(calledHosts()).toEqual([hostsOf("eu")[0]]);
  });

  it("loses nothing that is then sent to the right host", async () => {
    const source = await newSource("eu");
    await send(homeport.hostOf("us1"), source);

    const answer = await send(homeport.hostOf("eu1"), source);

    expect(answer.status).toBe(200);
    expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["a", "b", "c"]);
  });
});

describe("a key of a us workspace", () => {
  it.each(["eu1", "ap1", "au1"] as const)(
    "at %s, which its home allows, is taken, counted as elsewhere, and archived at home",
    async (region) => {
      const source = await newSource("us");

      const answer = await send(homeport.hostOf(region), source);

      expect(answer.status).toBe(200);
      expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["a", "b", "c"]);
      expect(await homeport.counters(source)).toMatchObject({ "noted other_ingest_host": 1 });
      expect(await homeport.straysOf(source)).toEqual([]);
    },
  );

  it.each(["us1", "eu1", "ap1", "au1"] as const)(
    "whose events wait in %s: bytes go to the home's bucket and nowhere else",
    async (ingestRegion) => {
      const source = await newSource("us", { ingestRegion });

      await send(homeport.hostOf(ingestRegion), source);

      expect(messageIdsOf(await homeport.settledEvents(source))).toEqual(["a", "b", "c"]);
      expect(calledHosts()).toEqual([hostsOf("us")[0]]);
    },
  );

  it.each(["eu1", "ap1", "au1"] as const)(
    "set to wait in %s does wait there, whatever host it was sent to",
    async (ingestRegion) => {
      const source = await newSource("us", { ingestRegion });

      await send(homeport.hostOf("us1"), source);
      // What is archived later would be seen by the next test.
      await homeport.settledEvents(source);

      const path = `/api/v1/sources/${source.id}/events/a`;
      const { body } = await homeport.api(source.workspace.token, "GET", path);
      expect(body).toMatchObject({ ingestRegion });
    },
  );
});

describe("bytes outside the region", () => {
  it.each(["eu", "us"] as const)(
    "%s: none, and the other region's buckets know nothing",
    async (region) => {
      const source = await newSource(region);

      await send(homeport.hostOf(HOME_REGIONS[region].ingestRegionDefault), source);

      expect(await homeport.settledEvents(source)).toHaveLength(3);
      const calls = stack.recorder.calls();
      expect(calls.map(({ outcome }) => outcome)).not.toContain("refused");
      expect(calls.reduce((sum, { requestBytes }) => sum + requestBytes, 0)).toBeGreaterThan(0);
      expect(calledHosts()).toEqual([hostsOf(region)[0]]);
      expect(await homeport.straysOf(source)).toEqual([]);
    },
  );

  it.each(["eu", "us"] as const)(
    "%s: none while its storage is down; the events wait",
    async (region) => {
      const source = await newSource(region);
      const effect = { kind: "answer", status: 503, code: "ServiceUnavailable" } as const;
      for (const location of HOME_REGIONS[region].locations) {
        await stack.aws.fault({ location, operation: "PutObject", when: "before", effect });
      }

      const answer = await send(homeport.hostOf(HOME_REGIONS[region].ingestRegionDefault), source);
      await expect
        .poll(() => stack.recorder.calls().length, { timeout: 20_000 })
        .toBeGreaterThan(1);
      await stack.aws.clearFaults();

      expect(answer.status).toBe(200);
      expect(await homeport.settledEvents(source)).toHaveLength(3);
      const home = hostsOf(region);
      expect(calledHosts().filter((host) => !home.includes(host))).toEqual([]);
      expect(await homeport.straysOf(source)).toEqual([]);
    },
  );
});
