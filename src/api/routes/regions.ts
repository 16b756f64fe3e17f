import { array, boolean, object, picklist, string } from "valibot";

import { ok } from "../../core/result.ts";
import {
  HOME_REGION_NAMES,
  HOME_REGIONS,
  INGEST_REGIONS,
  type IngestRegion,
} from "../../region/regions.ts";
import { VERSION } from "../../version.ts";
import { openOperation, type Operation } from "../operation.ts";
import { archiveLocation, ingestRegion, region } from "../schemas.ts";

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
        }),
      ),
      egress: object({ static: boolean() }),
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
      ok({ data: HOME_REGION_NAMES.map((home) => describe(home, services.config.hosts)) }),
  }),
];

function describe(
  home: (typeof HOME_REGION_NAMES)[number],
  hosts: ReadonlyMap<string, IngestRegion>,
) {
  const { title, locations, ingestRegionDefault, ingestRegions } = HOME_REGIONS[home];
  return {
    region: home,
    title,
    jurisdiction: home,
    archiveLocations: locations,
    ingestRegionDefault,
    ingestRegions: ingestRegions.map((ingest) => ({
      ingestRegion: ingest,
      title: INGEST_REGIONS[ingest].title,
      guarantee: INGEST_REGIONS[ingest].guarantee,
      hosts: [...hosts].filter(([, at]) => at === ingest).map(([host]) => host),
    })),
    egress: { static: false },
  };
}
