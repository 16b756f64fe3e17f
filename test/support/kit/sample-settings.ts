import {
  CATALOGUE,
  hostsFor,
  splitHost,
  type CatalogueEntry,
} from "../../../src/deliver/catalogue/catalogue.ts";
import type { HomeRegion } from "../../../src/core/ids.ts";
import type { KitDefinition } from "../../../dist/kit/kit.js";
import { sampleValue } from "./sample-values.ts";

/** Settings whose very text decides where the kit sends, by what the vendor gives an account of the region. */
const OF_REGION: Readonly<
  Record<string, Readonly<Record<HomeRegion, Readonly<Record<string, string>>>>>
> = {
  ortto: { eu: { api_key: "peu-key" }, us: { api_key: "pus-key" } },
  "ortto-audiences": { eu: { api_key: "peu-key" }, us: { api_key: "pus-key" } },
  "dynamic-yield-audiences": { eu: { sectionId: "9123" }, us: { sectionId: "8123" } },
  fullstory: { eu: { apiKey: "eu1.key" }, us: { apiKey: "na1.key" } },
  hubspot: { eu: { accessToken: "pat-eu1-token" }, us: { accessToken: "pat-na1-token" } },
};

/** Settings with a form that the kit asks for. */
const OF_ALL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pipedrive: { domain: "acme" },
  acoustic: { pod: "2" },
  "optimizely-feature-experimentation-actions": {
    dataFileUrl: "https://cdn.optimizely.com/datafiles/1.json",
  },
  hubspot: { portalId: "1" },
};

export type SampleSettings = {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly declaredHosts: readonly string[];
};

/** Settings that every destination of the catalogue takes, for each place that it has in the region. */
export function sampleSettings(
  entry: CatalogueEntry,
  definition: KitDefinition,
  region: HomeRegion,
): readonly SampleSettings[] {
  const { slug, extra = [] } = entry;
  const support = entry[region];
  const own = Object.entries(definition.authentication?.fields ?? {}).map(
    ([key, field]) => [key, field.default ?? sampleValue(key, field)] as const,
  );
  const tenant =
    support.hostSetting === undefined
      ? {}
      : { [support.hostSetting]: "https://tenant.example.com" };
  const settings = {
    ...Object.fromEntries(own),
    ...Object.fromEntries(extra.map(({ key }) => [key, "partner"])),
    accessToken: "token",
    refreshToken: "refresh",
    oauthClientId: "client",
    oauthClientSecret: "secret",
    ...tenant,
    ...OF_ALL[slug],
    ...OF_REGION[slug]?.[region],
  };
  const places =
    entry.region === undefined
      ? [{}]
      : entry.region[region].map((value) => ({ [entry.region?.setting ?? ""]: value }));
  const declaredHosts = [
    "tenant.example.com",
    ...hostsFor(support, ["delivery", "credential-test", "deletion", "oauth"]).map((written) =>
      splitHost(written).host.replace("*", "acme"),
    ),
  ];
  return places.map((place) => ({ settings: { ...settings, ...place }, declaredHosts }));
}

/** Every destination with each region that it may be enabled in. */
export const ENABLED: readonly (readonly [CatalogueEntry, HomeRegion])[] = CATALOGUE.flatMap(
  (entry) =>
    (["eu", "us"] as const)
      .filter((region) => entry[region].level !== "none")
      .map((region) => [entry, region] as const),
);
