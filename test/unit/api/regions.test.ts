import { describe, expect, it } from "vitest";

import { handleApi } from "../../../src/api/router.ts";
import type { Config } from "../../../src/config.ts";
import type { ApiServices } from "../../../src/workspace/ports.ts";

type Regions = {
  readonly data: readonly {
    readonly region: string;
    readonly edgePolicyDefault: string;
    readonly edgePolicies: readonly string[];
    readonly egress: unknown;
    readonly ingestRegions: readonly {
      readonly ingestRegion: string;
      readonly guarantee: string;
      readonly edge: readonly unknown[];
    }[];
  }[];
};

const RELAY = { host: "relay.eu.example.com", port: 3128, address: "203.0.113.7" };

async function regions(): Promise<Regions["data"]> {
  const config: Partial<Config> = {
    edgeCheck: true,
    hosts: new Map([
      ["events.eu1.example.com", "eu1"],
      ["in.eu2.example.com", "eu1"],
      ["api.example.com", "us1"],
      ["in.ap1.example.com", "ap1"],
    ]),
    regionalServices: new Map([["events.eu1.example.com", "eu"]]),
    egressCidrs: { us: [], eu: ["203.0.113.0/29"] },
    relays: { us: undefined, eu: RELAY },
  };
  const services: Partial<ApiServices> = { config: config as Config };
  const request = new Request("https://api.example.com/api/v1/regions");
  const response = await handleApi(request as never, services as ApiServices);
  if (response === undefined) throw new Error("Cannot test: the path is not of the API");
  return ((await response.json()) as Regions).data;
}

async function ingestOf(home: string, ingest: string) {
  const row = (await regions()).find(({ region }) => region === home);
  return row?.ingestRegions.find(({ ingestRegion }) => ingestRegion === ingest);
}

describe("GET /api/v1/regions", () => {
  it.each([
    ["us", ["us1", "eu1", "ap1", "au1"]],
    ["eu", ["eu1"]],
  ])("%s may take events in at %j", async (home, wanted) => {
    const row = (await regions()).find(({ region }) => region === home);

    expect(row?.ingestRegions.map(({ ingestRegion }) => ingestRegion)).toEqual(wanted);
  });

  it.each([
    ["us1", "jurisdiction"],
    ["eu1", "jurisdiction"],
    ["ap1", "best-effort"],
    ["au1", "best-effort"],
  ])("says of %s that it is by %s", async (ingest, guarantee) => {
    expect((await ingestOf("us", ingest))?.guarantee).toBe(guarantee);
  });

  it("says of each host whether it is strict, and what was declared of Regional Services", async () => {
    expect((await ingestOf("eu", "eu1"))?.edge).toEqual([
      { host: "events.eu1.example.com", isStrict: true, regionalServices: "eu" },
      { host: "in.eu2.example.com", isStrict: true, regionalServices: null },
    ]);
  });

  it("says that another host is not strict", async () => {
    expect((await ingestOf("us", "ap1"))?.edge).toEqual([
      { host: "in.ap1.example.com", isStrict: false, regionalServices: null },
    ]);
  });

  it.each([
    ["us", "transit", ["strict", "transit"]],
    ["eu", "strict", ["strict"]],
  ])("%s is %s by default and may be %j", async (home, byDefault, policies) => {
    const row = (await regions()).find(({ region }) => region === home);

    expect([row?.edgePolicyDefault, row?.edgePolicies]).toEqual([byDefault, policies]);
  });

  it("says which addresses a region's objects call from, where there are fixed ones", async () => {
    expect((await regions()).map(({ egress }) => egress)).toEqual([
      { static: false, cidrs: [], relay: null },
      { static: true, cidrs: ["203.0.113.0/29"], relay: RELAY },
    ]);
  });
});
