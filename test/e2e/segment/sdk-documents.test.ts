import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../../support/homeport.ts";

let stack: Stack;
let homeport: Homeport;
let source: TestSource;

beforeAll(async () => {
  stack = await startStack();
  homeport = openHomeport(stack);
  source = await homeport.createSource(await homeport.createWorkspace("us"));
});

afterAll(() => stack.stop());

const US = (): string => new URL(homeport.hostOf("us1")).host;

function load(path: string, ingestRegion: "us1" | "eu1" = "us1"): Promise<Response> {
  return fetch(homeport.hostOf(ingestRegion) + path);
}

describe("what SDKs load", () => {
  it.each(["/v1/projects/KEY/settings", "/projects/KEY/settings/", "/v1/v1/projects/KEY/settings"])(
    "%s names the source's regional host, also at another that its home allows",
    async (path) => {
      const answer = await load(path.replace("KEY", source.writeKey), "eu1");

      expect(await answer.json()).toMatchObject({
        integrations: { "Segment.io": { apiKey: source.writeKey, apiHost: `${US()}/v1` } },
        metrics: { sampleRate: 0, host: `${US()}/v1` },
      });
    },
  );

  it("is a bundle with key and host in it, and no place left open", async () => {
    const answer = await load(`/analytics.js/v1/${source.writeKey}/analytics.min.js`, "eu1");

    const script = await answer.text();
    expect(script).toContain(`window.analyticsWriteKey="${source.writeKey}"`);
    expect(script).toContain(`="http://${US()}/analytics-next/bundles/"`);
    expect(script).not.toContain("__HOMEPORT_");
    expect(script).toContain("Permission is hereby granted, free of charge");
  });

  it("is every part that the bundle can ask for", async () => {
    const answer = await load(`/analytics.js/v1/${source.writeKey}/analytics.min.js`);
    const names = partNames(await answer.text());

    const parts = await Promise.all(names.map((name) => load(`/analytics-next/bundles/${name}`)));

    expect(names.length).toBeGreaterThan(3);
    expect(parts.map(({ status }) => status)).toEqual(
      names.map((name) => (/^(?:407|legacyVideos)\./.test(name) ? 404 : 200)),
    );
  });

  it("is not reached past the Worker: the built file itself is not served", async () => {
    const answer = await load("/analytics-next/analytics.min.js");

    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining('"code":"not_found"'),
    ]);
  });
});

/** The names that the bundle's loader makes of a part's number. */
function partNames(script: string): readonly string[] {
  const names = new Map(
    Array.from(script.matchAll(/\b(\d+):"([A-Za-z-]+)"/g), (m) => [m[1], m[2]]),
  );
  const hashes = Array.from(script.matchAll(/\b(\d+):"([0-9a-f]{20})"/g));
  return hashes.map(([, id, hash]) => `${names.get(id) ?? id}.bundle.${hash}.js`);
}
