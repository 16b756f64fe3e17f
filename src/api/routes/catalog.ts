import {
  array,
  boolean,
  nullable,
  object,
  optional,
  picklist,
  record,
  string,
  unknown,
} from "valibot";

import { err, ok } from "../../core/result.ts";
import type { DestinationKind, RegionSupport } from "../../deliver/deliverer.ts";
import { DESTINATION_KINDS } from "../../deliver/kinds.ts";
import { kitActions, type KitAction } from "../../deliver/kit/kit-actions.ts";
import { openOperation, type Operation } from "../operation.ts";
import type { Problem } from "../problem.ts";

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

const mapping = object({
  action: string(),
  trigger: string(),
  fields: record(string(), unknown()),
});

const action = object({
  action: string(),
  title: string(),
  description: nullable(string()),
  trigger: nullable(string()),
  isBatched: boolean(),
  fields: array(
    object({
      key: string(),
      label: string(),
      type: string(),
      isRequired: boolean(),
      isList: boolean(),
      help: nullable(string()),
      default: unknown(),
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
  openOperation("public", {
    method: "GET",
    path: "/api/v1/catalog/destinations/:slug",
    summary: "One destination with what its mappings may say, and those it has when none are given",
    answer: object({ destination: kind, actions: array(action), presets: array(mapping) }),
    problems: ["destination_not_offered"],
    handle: async ({ params }) => {
      const slug = params["slug"] ?? "";
      const found = DESTINATION_KINDS.find((each) => each.slug === slug);
      if (found === undefined) return err(NOT_OFFERED);
      const { actions, presets } = (await kitActions(slug)) ?? { actions: [], presets: [] };
      return ok({ destination: describe(found), actions: actions.map(describeAction), presets });
    },
  }),
];

const NOT_OFFERED: Problem = {
  code: "destination_not_offered",
  detail: "GET /api/v1/catalog/destinations lists what there is.",
};

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

function describeAction({ description, trigger, fields, ...rest }: KitAction) {
  return {
    ...rest,
    description: description ?? null,
    trigger: trigger ?? null,
    fields: fields.map((field) => ({
      ...field,
      help: field.help ?? null,
      default: field.default ?? null,
      choices: field.choices ?? null,
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
