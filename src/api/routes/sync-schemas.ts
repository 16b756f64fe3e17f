import {
  array,
  boolean,
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
  strictObject,
  string,
  union,
  variant,
} from "valibot";

import { ALERT_RUNS_MAX, COUNTED_RECORDS, SYNC_ALERTS_MAX } from "../../sync/alerts/alert.ts";
import { BEHAVIOURS, MIRROR_STRATEGIES } from "../../sync/sync.ts";
import { model } from "./connections.ts";
import { FULL_SYNC_REASONS, RUN_KINDS, RUN_STATES } from "../../sync/run/run.ts";

const TEXT_CHARS_MAX = 200;
const TEMPLATE_CHARS_MAX = 10_000;
/** Segment's limit of columns. */
const COLUMNS_MAX = 512;
const KEY_COLUMNS_MAX = 16;
const PERCENT_MAX = 100;
/** Earlier runs that an average is of, unless the alert says how many. */
const ALERT_RUNS_DEFAULT = 10;

const text = pipe(string(), minLength(1), maxLength(TEXT_CHARS_MAX));
const column = text;
const percent = pipe(number(), minValue(0), maxValue(PERCENT_MAX));

const from = variant("type", [
  strictObject({ type: literal("column"), column }),
  strictObject({
    type: literal("constant"),
    basicType: picklist(["text", "number", "boolean", "datetime"]),
    value: nullable(union([string(), number(), boolean()])),
  }),
  strictObject({
    type: literal("template"),
    template: pipe(string(), maxLength(TEMPLATE_CHARS_MAX)),
  }),
  strictObject({ type: literal("hash"), column }),
  strictObject({
    type: literal("sync_metadata"),
    key: picklist(["sync_id", "sync_run_id", "sync_run_started_at"]),
  }),
]);

const mapping = strictObject({
  to: text,
  from,
  isIdentifier: optional(boolean(), false),
  preserveValues: optional(boolean(), false),
  syncNullValues: optional(boolean(), true),
  arrayOperation: optional(picklist(["merge", "overwrite"])),
});

const syncAll = strictObject({
  normalization: picklist([
    "start_case",
    "lower_case",
    "upper_case",
    "camel_case",
    "snake_case",
    "match_source_names",
  ]),
  order: optional(picklist(["alphabetical_column_name", "mapping_order"]), "mapping_order"),
});

const watermark = strictObject({
  column,
  first: optional(
    picklist(["backfill_all_records", "skip_current_records"]),
    "backfill_all_records",
  ),
});

const schedule = variant("kind", [
  strictObject({ kind: literal("manual") }),
  strictObject({ kind: literal("continuous") }),
  strictObject({ kind: literal("interval"), minutes: pipe(number(), integer(), minValue(1)) }),
  strictObject({ kind: literal("cron"), expression: text }),
  strictObject({ kind: literal("after"), syncId: text }),
]);

const alertEntries = {
  sendFor: optional(picklist(["first_time", "every_time"]), "first_time"),
  recovery: optional(boolean(), true),
};

const alert = variant("type", [
  strictObject({ type: literal("failure"), ...alertEntries }),
  strictObject({ type: literal("invalid_records"), thresholdPercent: percent, ...alertEntries }),
  strictObject({ type: literal("full_sync"), ...alertEntries }),
  strictObject({
    type: literal("record_count_deviation"),
    counted: picklist(COUNTED_RECORDS),
    thresholdPercent: pipe(number(), minValue(0)),
    runs: optional(
      pipe(number(), integer(), minValue(1), maxValue(ALERT_RUNS_MAX)),
      ALERT_RUNS_DEFAULT,
    ),
    ...alertEntries,
  }),
  strictObject({
    type: literal("runtime"),
    minutes: pipe(number(), minValue(1)),
    from: optional(picklist(["actual", "scheduled"]), "actual"),
    ...alertEntries,
  }),
  strictObject({
    type: literal("status"),
    status: picklist(["started", "completed"]),
    ...alertEntries,
  }),
]);

const alerts = pipe(array(alert), maxLength(SYNC_ALERTS_MAX));

const options = {
  paused: optional(boolean()),
  mirrorStrategy: optional(picklist(MIRROR_STRATEGIES)),
  schedule: optional(schedule),
  users: optional(
    strictObject({ userIdColumn: optional(column), anonymousIdColumn: optional(column) }),
  ),
  guards: optional(
    strictObject({
      deleteSharePercentMax: optional(percent),
      changeSharePercentMax: optional(percent),
    }),
  ),
  unload: optional(nullable(text)),
  log: optional(picklist(["bucket", "source"])),
  alerts: optional(alerts),
};

const key = pipe(array(column), minLength(1), maxLength(KEY_COLUMNS_MAX));
const mappings = pipe(array(mapping), maxLength(COLUMNS_MAX));

export const syncDraft = strictObject({
  label: text,
  source: strictObject({ connectionId: text, model }),
  destination: strictObject({
    connectionId: optional(text),
    destinationId: optional(text),
    object: text,
  }),
  behaviour: optional(picklist(BEHAVIOURS), "upsert"),
  key,
  mappings: optional(mappings, []),
  syncAll: optional(syncAll),
  watermark: optional(watermark),
  ...options,
  validateOnly: optional(boolean()),
});

export const syncPatch = strictObject({
  label: optional(text),
  model: optional(model),
  object: optional(text),
  behaviour: optional(picklist(BEHAVIOURS)),
  key: optional(key),
  mappings: optional(mappings),
  syncAll: optional(nullable(syncAll)),
  watermark: optional(nullable(watermark)),
  ...options,
});

const count = number();
const moment = nullable(string());

const stepView = object({
  state: picklist(["pending", "working", "completed", "failed", "skipped"]),
  startedAt: moment,
  endedAt: moment,
  records: count,
  bytes: count,
  /** What executed it, as the object itself reported. */
  place: string(),
});

export const runView = object({
  id: string(),
  syncId: string(),
  number: count,
  kind: picklist(RUN_KINDS),
  state: picklist(RUN_STATES),
  isCanceled: boolean(),
  trigger: object({ kind: string(), detail: nullable(string()), scheduledFor: moment }),
  fullSync: nullable(picklist(FULL_SYNC_REASONS)),
  engine: nullable(object({ kind: string(), why: string() })),
  steps: object({ identify: stepView, unload: stepView, load: stepView, report: stepView }),
  counts: object({
    sourceRows: count,
    inserts: count,
    updates: count,
    deletes: count,
    invalid: count,
    accepted: count,
    rejected: count,
    skipped: count,
    suppressed: count,
  }),
  dryRun: nullable(
    object({
      source: object({ total: count, changed: count, invalid: count }),
      destination: object({
        before: nullable(count),
        after: nullable(count),
        creates: count,
        updates: count,
        deletes: count,
      }),
    }),
  ),
  error: nullable(object({ code: string(), message: string() })),
  note: nullable(string()),
  createdAt: string(),
  startedAt: moment,
  endedAt: moment,
});

export const syncView = object({
  id: string(),
  number: count,
  label: string(),
  paused: boolean(),
  source: object({ connectionId: string(), model }),
  destination: object({
    connectionId: optional(string()),
    destinationId: optional(string()),
    object: string(),
  }),
  behaviour: picklist(BEHAVIOURS),
  mirrorStrategy: picklist(MIRROR_STRATEGIES),
  key: array(string()),
  mappings: array(mapping),
  syncAll: nullable(syncAll),
  watermark: nullable(watermark),
  schedule,
  users: object({ userIdColumn: nullable(string()), anonymousIdColumn: nullable(string()) }),
  guards: object({ deleteSharePercentMax: count, changeSharePercentMax: count }),
  unload: nullable(string()),
  log: picklist(["bucket", "source"]),
  alerts: array(alert),
  /** `ready`: never ran; `up_to_date` or `failing`: as its last run ended. */
  status: optional(picklist(["ready", "up_to_date", "failing"])),
  currentRun: optional(nullable(runView)),
  lastRun: optional(nullable(runView)),
  nextRunAt: optional(moment),
  acceptedRecords: optional(count),
  createdAt: string(),
  updatedAt: string(),
});

export const recordView = object({
  identifier: string(),
  operation: string(),
  status: string(),
  message: nullable(string()),
  payload: string(),
  startedAt: string(),
  endedAt: string(),
});
