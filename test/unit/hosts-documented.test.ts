import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { SettingsReader } from "../../src/core/settings-reader.ts";
import { readHosts } from "../../src/region/host-settings.ts";
import { mayIngestAt } from "../../src/region/regions.ts";
import { EU_SOURCE, TestTracking, track, US_SOURCE, writeKeyOf } from "../support/tracking.ts";

const OPERATIONS = readFileSync("docs/operations.md", "utf8");
const HOSTS_LINE = /^HOSTS = "(.+)"$/m.exec(OPERATIONS)?.[1] ?? "";
const ROUTED = Array.from(
  OPERATIONS.matchAll(/^ {2}\{ pattern = "([^"]+)", custom_domain = true \},$/gm),
  ([, host = ""]) => host,
);
const problems: string[] = [];
const hosts = readHosts(new SettingsReader({ HOSTS: HOSTS_LINE }, problems));

/** Each documented host with each form of a path that SDKs make of it. */
const CASES = [...hosts].flatMap(([host, ingest]) =>
  ["/v1/track", "/v1/v1/track", "/v1/batch", "/v1/v1/b"].map(
    (path) => [host, path, ingest] as const,
  ),
);

/** One event for a source of that region, with the key in the body. */
async function send(host: string, path: string, home: "eu" | "us"): Promise<number> {
  const writeKey = writeKeyOf(home === "eu" ? EU_SOURCE : US_SOURCE);
  const isBatch = !path.endsWith("track");
  const body = isBatch ? { writeKey, batch: [track()] } : { ...track(), writeKey };
  const tracking = new TestTracking({ hosts });
  const init = { method: "POST", host, body: JSON.stringify(body) };
  return (await tracking.fetch(path, init)).status;
}

describe("the hosts in docs/operations.md", () => {
  it("are understood as they stand", () => {
    expect(problems).toEqual([]);
  });

  it("have the forms of Segment's documents, in every ingest region", () => {
    expect([...hosts]).toEqual([
      ["api.example.com", "us1"],
      ["events.example.com", "us1"],
      ["events.eu1.example.com", "eu1"],
      ["in.eu2.example.com", "eu1"],
      ["in.ap1.example.com", "ap1"],
      ["in.au1.example.com", "au1"],
    ]);
  });

  it("have a route each", () => {
    expect(ROUTED).toEqual([...hosts.keys()]);
  });

  it.each([...hosts.keys()])("%s is what SDKs are told to use", (host) => {
    expect(OPERATIONS).toContain(`\`${host}/v1\``);
  });

  it.each(CASES)("%s%s takes an event of a us workspace", async (host, path) => {
    expect(await send(host, path, "us")).toBe(200);
  });

  it.each(CASES)("%s%s takes one of an eu workspace only at eu1", async (host, path, ingest) => {
    expect(await send(host, path, "eu")).toBe(mayIngestAt("eu", ingest) ? 200 : 403);
  });
});
