import type { FieldMapping } from "../../sync/mapping/mapping.ts";
import type { Model } from "../../sync/model.ts";
import type { SyncStanding } from "../../sync/ports.ts";
import { numberOfRun } from "../../sync/run-number.ts";
import type { Sync } from "../../sync/sync.ts";
import { isoTime } from "../../workspace/source-view.ts";
import type { SyncEnd } from "../../workspace/sync-ports.ts";
import { viewCensusAlerts } from "./alerts.ts";
import { destinationIdOf, numberOfEnd, numberOfId } from "./numbers.ts";
import { censusSchedule } from "./schedules.ts";

export type CensusSyncGround = {
  readonly ends: readonly SyncEnd[];
  readonly standing: SyncStanding;
  /** The number of the sync that it runs after. */
  readonly parent: number | undefined;
};

/** A sync as Census shows it. */
export function viewCensusSync(sync: Sync, { ends, standing, parent }: CensusSyncGround) {
  const schedule = censusSchedule(sync.schedule);
  const { last, nextRunAtMs } = standing;
  return {
    id: sync.number,
    label: sync.label,
    ...viewSchedule(schedule, parent),
    created_at: isoTime(sync.createdAtMs),
    updated_at: isoTime(sync.updatedAtMs),
    operation: sync.behaviour,
    mirror_strategy: sync.behaviour === "mirror" ? MIRROR_STRATEGIES[sync.mirrorStrategy] : null,
    paused: sync.isPaused,
    status: statusOf(standing),
    lead_union_insert_to: null,
    trigger_on_dbt_cloud_rebuild: false,
    field_behavior: sync.syncAll === undefined ? "specific_properties" : "sync_all_properties",
    field_normalization: sync.syncAll?.normalization ?? null,
    field_order: sync.syncAll?.order ?? "mapping_order",
    high_water_mark_attribute: sync.watermark?.column ?? null,
    historical_sync_operation: sync.watermark?.first ?? null,
    source_attributes: {
      connection_id: numberOfId(ends, sync.source.connectionId),
      object: viewObject(sync),
    },
    destination_attributes: {
      connection_id: numberOfId(ends, destinationIdOf(sync)),
      object: sync.destination.object,
    },
    mappings: sync.mappings.map(viewMapping),
    alert_attributes: viewCensusAlerts(sync),
    sync_key: sync.key,
    last_run_at: last === undefined ? null : isoTime(last.createdAtMs),
    last_run_id: last === undefined ? null : numberOfRun(sync.number, last.number),
    next_run_at: nextRunAtMs === undefined ? null : isoTime(nextRunAtMs),
  };
}

/** Census's words for the two ways of a mirror. */
export const MIRROR_STRATEGIES = {
  delete: "sync_updates_and_deletes",
  null: "sync_updates_and_nulls",
} as const satisfies Readonly<Record<Sync["mirrorStrategy"], string>>;

/** What a sync reads from or writes to, as Census shows it; its settings are not shown. */
export function viewCensusEnd(end: SyncEnd) {
  return {
    id: numberOfEnd(end),
    name: end.name,
    label: end.name,
    type: end.type,
    created_at: isoTime(end.createdAtMs),
    updated_at: isoTime(end.updatedAtMs),
    sync_engine: "basic",
    read_only_connection: true,
    connection_details: {},
  };
}

function viewSchedule(schedule: ReturnType<typeof censusSchedule>, parent: number | undefined) {
  const { frequency, day, hour, minute, cron_expression: expression } = schedule;
  return {
    schedule_frequency: frequency,
    schedule_day: day,
    schedule_hour: hour,
    schedule_minute: minute,
    cron_expression: expression,
    mode: {
      type: "triggered",
      triggers: {
        schedule,
        ...(parent === undefined ? {} : { sync_sequence: { sync_id: parent } }),
      },
    },
  };
}

function statusOf({ last }: SyncStanding): "Ready" | "Up to Date" | "Failing" {
  if (last === undefined) return "Ready";
  return last.state === "completed" ? "Up to Date" : "Failing";
}

function viewObject({ source: { model }, number, label }: Sync) {
  return { ...objectOf(model), id: number, name: nameOf(model) ?? label };
}

function objectOf(model: Model) {
  switch (model.kind) {
    case "table":
      return {
        type: "table",
        table_catalog: null,
        table_schema: model.schema,
        table_name: model.name,
      };
    case "folder":
      return {
        type: "table",
        table_catalog: null,
        table_schema: null,
        table_name: `${model.prefix}*.${model.format}`,
      };
    case "query":
      return { type: "model", query: model.sql };
  }
}

function nameOf(model: Model): string | undefined {
  return model.kind === "table" ? model.name : undefined;
}

function viewMapping(mapping: FieldMapping, position: number) {
  return {
    from: viewFrom(mapping.from),
    to: mapping.to,
    position,
    is_primary_identifier: mapping.isIdentifier,
    generate_field: false,
    preserve_values: mapping.preserveValues,
    sync_null_values: mapping.syncNullValues,
    operation: mapping.arrayOperation ?? null,
    lookup_object: null,
    lookup_field: null,
    array_field: mapping.arrayOperation !== undefined,
    follow_source_type: false,
  };
}

function viewFrom(from: FieldMapping["from"]) {
  switch (from.type) {
    case "column":
      return { type: "column", data: from.column };
    case "hash":
      return { type: "hash", data: from.column };
    case "constant":
      return {
        type: "constant_value",
        data: { value: from.value, basic_type: from.basicType },
      };
    case "template":
      return { type: "liquid_template", data: from.template };
    case "sync_metadata":
      return { type: "sync_metadata", data: from.key };
  }
}
