import {
  array,
  boolean,
  check,
  exactOptional,
  integer,
  literal,
  maxLength,
  maxValue,
  minLength,
  minValue,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  regex,
  strictObject,
  string,
  union,
  unknown,
  type GenericSchema,
} from "valibot";

import { HOME_REGION_NAMES, HOME_REGIONS, INGEST_REGION_NAMES } from "../region/regions.ts";
import { filterParts } from "./filter-schemas.ts";
import { RETRY_HOURS_MAX } from "../workspace/destination.ts";
import { CONNECTION_KIND_NAMES } from "../sync/connection/kinds.ts";
import { RATE_MAX, RETENTION_DAYS } from "../workspace/source.ts";
import { SOURCE_TYPES } from "../workspace/source-types.ts";

/** Characters of a name that people read in lists. */
const NAME_CHARS_MAX = 100;

/** Entries of one page, unless fewer are asked for. */
export const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;

/** A name: something to read, on one line. */
export const name = pipe(
  string(),
  maxLength(NAME_CHARS_MAX),
  regex(/\S/, "a text with a character to see"),
  check((text) => !/\p{Cc}/u.test(text), "has to be on one line"),
);

export const region = picklist(HOME_REGION_NAMES);
export const ingestRegion = picklist(INGEST_REGION_NAMES);
export const archiveLocation = picklist(
  HOME_REGION_NAMES.flatMap((home) => HOME_REGIONS[home].locations),
);
const sourceType = picklist(SOURCE_TYPES);
const shards = picklist([1, 2, 4, 8, 16, 32, 64]);
const rate = pipe(number(), integer(), minValue(1), maxValue(RATE_MAX));
const ipRule = picklist(["full", "truncated", "none"]);
const archiveLocations = pipe(array(archiveLocation), minLength(1));
const retentionDays = union([picklist(RETENTION_DAYS), literal("unlimited")]);

/** Fields that a source's creation and its changes share. */
/** Characters of the name of an event or a property. */
const PLANNED_CHARS_MAX = 255;

const plannedName = pipe(string(), minLength(1), maxLength(PLANNED_CHARS_MAX));

/** Names of one list of a schema. */
const PLANNED_NAMES_MAX = 1_000;

const plannedNames = pipe(array(plannedName), maxLength(PLANNED_NAMES_MAX));

/** It travels with a source's config every few seconds. */
const SCHEMA_CHARS_MAX = 64_000;

const sourceSchema = pipe(
  strictObject({
    events: record(plannedName, plannedNames),
    unplannedEvents: picklist(["allow", "block"]),
    blockedEvents: plannedNames,
    unplannedProperties: picklist(["allow", "omit"]),
    identifyTraits: exactOptional(plannedNames),
    groupTraits: exactOptional(plannedNames),
  }),
  check(
    (schema) => JSON.stringify(schema).length <= SCHEMA_CHARS_MAX,
    `may have ${SCHEMA_CHARS_MAX} characters of JSON`,
  ),
);

const changeable = {
  schema: optional(nullable(sourceSchema)),
  ingestRegion: optional(ingestRegion),
  shards: optional(shards),
  rate: optional(rate),
  ip: optional(ipRule),
  pixel: optional(boolean()),
  archiveLocations: optional(archiveLocations),
  retentionDays: optional(retentionDays),
  enabled: optional(boolean()),
};

export const sourceDraft = strictObject({ name, type: optional(sourceType), ...changeable });
export const sourcePatch = strictObject({ name: optional(name), ...changeable });

const settings = {
  name,
  type: sourceType,
  enabled: boolean(),
  ingestRegion,
  shards,
  rate,
  ip: ipRule,
  pixel: boolean(),
  archiveLocations,
  retentionDays,
  schema: exactOptional(nullable(sourceSchema)),
};

export const edgePolicy = picklist(["strict", "transit"]);
export const edgeAnswer = picklist(["hold", "reject"]);

/** Sections that a later version fills. One that holds something is refused, never dropped. */
const NONE_YET = optional(
  pipe(
    array(unknown()),
    check((entries) => entries.length === 0, "has to be empty: this version has none"),
  ),
);

/** A host that a workspace declares to be in its region. */
export const host = pipe(
  string(),
  maxLength(260),
  regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?$/, "a host name in lower case"),
);

export const retryHours = pipe(number(), integer(), minValue(1), maxValue(RETRY_HOURS_MAX));

/** Entries of one list in a destination. */
const LIST_MAX = 50;

const text = pipe(string(), maxLength(NAME_CHARS_MAX));

const configDestination = strictObject({
  id: optional(text),
  sourceId: optional(text),
  sourceName: text,
  slug: text,
  name,
  enabled: boolean(),
  settings: record(text, unknown()),
  secrets: optional(array(text)),
  mappings: pipe(array(unknown()), maxLength(LIST_MAX)),
  hosts: pipe(array(host), maxLength(LIST_MAX)),
  consentCategories: pipe(array(text), maxLength(LIST_MAX)),
  filters: array(strictObject({ ...filterParts, enabled: boolean() })),
  retryHours,
});

const configConnection = strictObject({
  id: optional(text),
  kind: picklist(CONNECTION_KIND_NAMES),
  name,
  settings: record(text, unknown()),
  secrets: optional(array(text)),
  hosts: pipe(array(host), maxLength(LIST_MAX)),
});

export const configDocument = strictObject({
  version: literal(1),
  region,
  workspace: strictObject({
    name,
    region: optional(string()),
    edgePolicy: optional(edgePolicy),
    edgeAnswer: optional(edgeAnswer),
  }),
  sources: array(strictObject({ id: optional(string()), ...settings })),
  destinations: optional(array(configDestination)),
  connections: optional(array(configConnection)),
  syncs: NONE_YET,
});

export const page = strictObject({
  after: optional(pipe(string(), maxLength(NAME_CHARS_MAX))),
  limit: optional(pipe(string(), regex(/^[1-9]\d{0,2}$/, "a number from 1 to 999"))),
});

/** The page that a query asks for. */
export function pageOf(query: {
  readonly after?: string | undefined;
  readonly limit?: string | undefined;
}) {
  const limit = Math.min(Number(query.limit ?? PAGE_DEFAULT), PAGE_MAX);
  return query.after === undefined ? { limit } : { after: query.after, limit };
}

/** A list as every list of the API is answered. */
export function pageSchema<S extends GenericSchema>(entry: S) {
  return object({ data: array(entry), pagination: object({ next: nullable(string()) }) });
}

export const workspaceView = object({ id: string(), name: string(), region, createdAt: string() });

export const workspaceDetails = object({ ...workspaceView.entries, edgePolicy, edgeAnswer });

export const writeKeyView = object({
  version: number(),
  state: picklist(["live", "retired"]),
  writeKey: optional(string()),
  createdAt: string(),
  retiredAt: optional(string()),
});

export const sourceView = object({
  id: string(),
  ...settings,
  ingestGuarantee: picklist(["jurisdiction", "best-effort"]),
  route: object({ epoch: number(), state: picklist(["open", "fencing"]) }),
  writeKeys: array(writeKeyView),
  createdAt: string(),
  updatedAt: string(),
});

export const right = picklist(["owner", "editor", "viewer", "events:read"]);

export const tokenView = object({
  id: string(),
  name: string(),
  rights: array(right),
  createdAt: string(),
  expiresAt: nullable(string()),
  lastUsedAt: nullable(string()),
});

export const planEntry = object({
  action: picklist(["create", "update", "unchanged", "delete", "not-applicable"]),
  kind: picklist(["workspace", "source", "destination", "connection", "region"]),
  id: optional(string()),
  name: string(),
  fields: array(string()),
  notes: array(string()),
  sdk: optional(
    object({
      replaces: nullable(string()),
      hostBefore: nullable(string()),
      host: nullable(string()),
      writeKey: nullable(string()),
    }),
  ),
});
