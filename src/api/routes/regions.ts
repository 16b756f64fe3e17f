import { array, boolean, nullable, number, object, picklist, string } from "valibot";

import { ok } from "../../core/result.ts";
import type { HomeRegion } from "../../core/ids.ts";
import type { Config } from "../../config.ts";
import { EDGE_DEFAULTS, EDGE_POLICIES, mayChoosePolicy, strictHomeOf } from "../../region/edge.ts";
import { HOME_REGION_NAMES, HOME_REGIONS, INGEST_REGIONS } from "../../region/regions.ts";
import { VERSION } from "../../version.ts";
import { openOperation, type Operation } from "../operation.ts";
import { archiveLocation, edgeAnswer, edgePolicy, ingestRegion, region } from "../schemas.ts";

const regionsAnswer = object({
  data: array(
    object({
      region,
      title: string(),
      jurisdiction: region,
      archiveLocations: array(archiveLocation),
      ingestRegionDefault: ingestRegion,
      ingestRegions: array(
        object({
          ingestRegion,
          title: string(),
          guarantee: picklist(["jurisdiction", "best-effort"]),
          hosts: array(string()),
          edge: array(
            object({ host: string(), isStrict: boolean(), regionalServices: nullable(string()) }),
          ),
        }),
      ),
      edgePolicyDefault: edgePolicy,
      edgeAnswerDefault: edgeAnswer,
      edgePolicies: array(edgePolicy),
      egress: object({
        static: boolean(),
        cidrs: array(string()),
        relay: nullable(object({ host: string(), port: number(), address: string() })),
      }),
    }),
  ),
});

const healthAnswer = object({
  version: string(),
  environment: picklist(["production", "development"]),
  jurisdictions: picklist(["enforced", "simulated"]),
});

/** What everybody may ask of a deployment. */
export const REGION_OPERATIONS: readonly Operation[] = [
  openOperation("public", {
    method: "GET",
    path: "/health",
    summary: "Which version runs, and whether jurisdictions are enforced",
    answer: healthAnswer,
    handle: async ({ services }) => {
      const { environment, jurisdictions } = services.config;
      return ok({ version: VERSION, environment, jurisdictions });
    },
  }),
  openOperation("public", {
    method: "GET",
    path: "/api/v1/regions",
    summary: "The home regions, their ingest regions and hosts, archive locations and guarantees",
    answer: regionsAnswer,
    handle: async ({ services }) =>
      ok({ data: HOME_REGION_NAMES.map((home) => describe(home, services.config)) }),
  }),
];

function describe(home: HomeRegion, config: Config) {
  const { hosts, regionalServices, egressCidrs, relays } = config;
  const { title, locations, ingestRegionDefault, ingestRegions } = HOME_REGIONS[home];
  return {
    region: home,
    title,
    jurisdiction: home,
    archiveLocations: locations,
    ingestRegionDefault,
    ingestRegions: ingestRegions.map((ingest) => {
      const here = [...hosts].filter(([, at]) => at === ingest).map(([host]) => host);
      return {
        ingestRegion: ingest,
        title: INGEST_REGIONS[ingest].title,
        guarantee: INGEST_REGIONS[ingest].guarantee,
        hosts: here,
        edge: here.map((host) => ({
          host,
          isStrict: strictHomeOf(ingest) !== undefined,
          regionalServices: regionalServices.get(host) ?? null,
        })),
      };
    }),
    edgePolicyDefault: EDGE_DEFAULTS[home].policy,
    edgeAnswerDefault: EDGE_DEFAULTS[home].answer,
    edgePolicies: EDGE_POLICIES.filter((policy) => mayChoosePolicy(home, policy)),
    egress: {
      static: egressCidrs[home].length > 0,
      cidrs: egressCidrs[home],
      relay: relays[home] ?? null,
    },
  };
}
