import { array, boolean, nullable, object, optional, picklist, string } from "valibot";

import { ok } from "../../core/result.ts";
import type { DestinationKind, RegionSupport } from "../../deliver/deliverer.ts";
import { DESTINATION_KINDS } from "../../deliver/kinds.ts";
import { openOperation, type Operation } from "../operation.ts";

const support = object({
  level: picklist(["vendor_endpoint", "region_by_account", "declared", "none"]),
  hosts: array(
    object({
      host: string(),
      use: picklist(["delivery", "credential-test", "deletion", "oauth"]),
      pathPrefix: optional(string()),
    }),
  ),
  hostSetting: nullable(string()),
  statement: nullable(object({ url: string(), date: string() })),
  note: nullable(string()),
});

const kind = object({
  slug: string(),
  name: string(),
  origin: picklist(["kit", "homeport"]),
  canForget: boolean(),
  regions: object({ eu: support, us: support }),
  settings: array(
    object({
      key: string(),
      label: string(),
      type: picklist(["string", "number", "boolean", "object", "list"]),
      isRequired: boolean(),
      isSecret: boolean(),
      help: nullable(string()),
      choices: nullable(array(string())),
    }),
  ),
});

/** What can be connected, and what is known of where each of it is. */
export const CATALOG_OPERATIONS: readonly Operation[] = [
  openOperation("public", {
    method: "GET",
    path: "/api/v1/catalog/destinations",
    summary: "The destinations that can be connected: hosts, level and statement of each region",
    answer: object({ data: array(kind) }),
    handle: async () => ok({ data: DESTINATION_KINDS.map(describe) }),
  }),
];

function describe({ settings, regions, ...rest }: DestinationKind) {
  return {
    ...rest,
    regions: { eu: describeSupport(regions.eu), us: describeSupport(regions.us) },
    settings: settings.map(({ help, choices, ...field }) => ({
      ...field,
      help: help ?? null,
      choices: choices ?? null,
    })),
  };
}

function describeSupport({ level, hosts, hostSetting, statement, note }: RegionSupport) {
  return {
    level,
    hosts,
    hostSetting: hostSetting ?? null,
    statement: statement ?? null,
    note: note ?? null,
  };
}
