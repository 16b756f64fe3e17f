import type { Route, SourceConfig } from "../../src/workspace/source-config.ts";

/** A source of an eu workspace, as its Workspace object would describe it. */
export function sourceConfigOf(changes: Partial<SourceConfig> = {}): SourceConfig {
  return {
    sourceId: "src_eu_0123456789abcdef0123456789",
    version: 1,
    enabled: true,
    keyVersions: [1],
    route: routeOf(),
    ip: "truncated",
    pixel: false,
    ratePerSecond: 1_000_000,
    archiveLocations: ["eu-west-1", "eu-central-1"],
    fingerprintKey: "000102030405060708090a0b0c0d0e0f",
    ...changes,
  };
}

export function routeOf(changes: Partial<Route> = {}): Route {
  return { n: 1, shards: 1, ingestRegion: "eu1", state: "open", earlier: [], ...changes };
}
