import { err, ok, type Result } from "../../core/result.ts";
import type { GivenSchedule, SyncDraft, SyncPatch } from "../../sync/draft.ts";
import type { FieldMapping } from "../../sync/mapping/mapping.ts";
import type { Model } from "../../sync/model.ts";
import type { SyncId } from "../../sync/sync.ts";
import type { SyncEnd } from "../../workspace/sync-ports.ts";
import { modelNamed } from "../model-named.ts";
import { refuse, type FieldError, type Problem } from "../problem.ts";
import { alertOfCensus } from "./alerts.ts";
import { mappingOfCensus } from "./mapping-body.ts";
import { endOfNumber } from "./numbers.ts";
import { DAYS, scheduleOfCensus } from "./schedules.ts";
import type { CensusDraft, CensusPatch, CensusSourceObject } from "./sync-schemas.ts";

/** What of a workspace Census's numbers are resolved with. */
export type CensusGround = {
  readonly ends: readonly SyncEnd[];
  /** The sync that this one is to run after, where one is named. */
  readonly parent: SyncId | undefined;
};

/** The sync that Census's words mean, or what in them is not offered, field by field. */
export function draftOfCensus(body: CensusDraft, ground: CensusGround): Result<SyncDraft, Problem> {
  const wrong = new Wrongs();
  const { source_attributes: source, destination_attributes: destination } = body;
  const end = endOf(ground.ends, destination.connection_id);
  const connection = endOf(ground.ends, source.connection_id);
  if (end === undefined) wrong.add("destination_attributes.connection_id", "is not known here");
  if (connection === undefined) wrong.add("source_attributes.connection_id", "is not known here");
  const model = wrong.take("source_attributes.object", modelOf(source.object));
  const mappings = mappingsOf(body.mappings, wrong);
  const options = optionsOf(body, ground, wrong);
  if (wrong.errors.length > 0 || model === undefined) return wrong.refusal();
  return ok({
    ...options,
    label: body.label ?? "Untitled",
    source: { connectionId: connection?.id ?? "", model },
    destination: {
      ...(end?.id.startsWith("con_") === true
        ? { connectionId: end.id }
        : { destinationId: end?.id }),
      object: destination.object,
    },
    behaviour: body.operation ?? "upsert",
    key: keyOf(body.sync_key, mappings),
    mappings,
  });
}

/** The change that Census's words mean; what they do not name stays. */
export function patchOfCensus(body: CensusPatch, ground: CensusGround): Result<SyncPatch, Problem> {
  const wrong = new Wrongs();
  const { source_attributes: source, destination_attributes: destination } = body;
  const model =
    source === undefined || source === null
      ? undefined
      : wrong.take("source_attributes.object", modelOf(source.object));
  const mappings =
    body.mappings === undefined || body.mappings === null
      ? undefined
      : mappingsOf(body.mappings, wrong);
  const options = optionsOf(body, ground, wrong);
  const { field_behavior: fields, field_normalization: normalization, field_order: order } = body;
  const isFormed = normalization !== undefined || order === "alphabetical_column_name";
  if (fields === undefined && isFormed) {
    wrong.add("field_behavior", "has to be said together with field_normalization and field_order");
  }
  if (wrong.errors.length > 0) return wrong.refusal();
  return ok({
    ...options,
    ...(fields === "specific_properties" ? { syncAll: null } : {}),
    ...(body.label !== undefined ? { label: body.label } : {}),
    ...(model === undefined ? {} : { model }),
    ...(destination === undefined || destination === null ? {} : { object: destination.object }),
    ...(body.operation !== undefined ? { behaviour: body.operation } : {}),
    ...(mappings === undefined
      ? keyAlone(body.sync_key)
      : { mappings, key: keyOf(body.sync_key, mappings) }),
  });
}

/** The number of the sync that this one is to run after. */
export function parentNumberOf({ mode }: CensusDraft | CensusPatch): number | undefined {
  return mode?.triggers?.sync_sequence?.sync_id;
}

/** The connection or destination that a body names by its number, as a number or as text. */
export function endOf(ends: readonly SyncEnd[], id: number | string): SyncEnd | undefined {
  return endOfNumber(ends, Number(id));
}

function optionsOf(body: CensusDraft | CensusPatch, ground: CensusGround, wrong: Wrongs) {
  const { mirror_strategy: mirror, paused } = body;
  if (mirror === "upload_and_swap") wrong.add("mirror_strategy", "upload_and_swap is not offered");
  const schedule = scheduleOf(body, ground, wrong);
  const isSkipping = body.historical_sync_operation === "skip_current_records";
  if (isSkipping && body.high_water_mark_attribute === undefined) {
    wrong.add("high_water_mark_attribute", "has to be said together with skip_current_records");
  }
  const alerts = body.alert_attributes?.flatMap(
    (each, at) => wrong.take(`alert_attributes.${at}`, alertOfCensus(each)) ?? [],
  );
  return {
    ...(alerts === undefined ? {} : { alerts }),
    ...(typeof paused === "boolean" ? { paused } : {}),
    ...(mirror === "sync_updates_and_nulls" ? { mirrorStrategy: "null" as const } : {}),
    ...(mirror === "sync_updates_and_deletes" ? { mirrorStrategy: "delete" as const } : {}),
    ...(schedule === undefined ? {} : { schedule }),
    ...syncAllOf(body),
    ...watermarkOf(body),
  };
}

function syncAllOf(body: CensusDraft | CensusPatch) {
  if (body.field_behavior !== "sync_all_properties") return {};
  const { field_normalization: normalization, field_order: order } = body;
  const isByName = order === "alphabetical_column_name";
  return {
    syncAll: {
      normalization: normalization ?? ("match_source_names" as const),
      order: isByName ? ("alphabetical_column_name" as const) : ("mapping_order" as const),
    },
  };
}

function watermarkOf(body: CensusDraft | CensusPatch) {
  const { high_water_mark_attribute: column, historical_sync_operation: first } = body;
  if (column === undefined) return {};
  const isSkipped = first === "skip_current_records";
  return {
    watermark: {
      column,
      first: isSkipped ? ("skip_current_records" as const) : ("backfill_all_records" as const),
    },
  };
}

/** `mode` is the newer way to say it, so it counts where both are there. */
function scheduleOf(
  body: CensusDraft | CensusPatch,
  { parent }: CensusGround,
  wrong: Wrongs,
): GivenSchedule | undefined {
  const { mode } = body;
  if (mode?.type === "live") wrong.add("mode.type", "live syncs are not offered");
  const triggers = mode?.triggers;
  const isOutside = (triggers?.dbt_cloud ?? triggers?.fivetran ?? undefined) !== undefined;
  if (isOutside) wrong.add("mode.triggers", "have dbt Cloud or Fivetran call the trigger instead");
  if (triggers?.sync_sequence !== undefined && triggers.sync_sequence !== null) {
    if (parent !== undefined) return { kind: "after", syncId: parent };
    wrong.add("mode.triggers.sync_sequence.sync_id", "is not a sync of this workspace");
    return undefined;
  }
  const inMode = triggers?.schedule ?? undefined;
  const said = inMode ?? flatOf(body);
  const nameOf = (part: "frequency" | "day"): string =>
    inMode === undefined ? `schedule_${part}` : `mode.triggers.schedule.${part}`;
  const { frequency, day: givenDay, ...times } = said;
  if (frequency === undefined) {
    const parts = [givenDay, ...Object.values(times)];
    const isSaid = parts.some((part) => part !== undefined && part !== null);
    if (isSaid) wrong.add(nameOf("frequency"), "has to be said together with its day and time");
    return undefined;
  }
  const day = DAYS.find((each) => each === givenDay);
  const isDay = day !== undefined || givenDay === undefined || givenDay === null;
  if (frequency === "weekly" && !isDay) {
    wrong.add(nameOf("day"), `has to be one of ${DAYS.join(", ")}`);
  }
  return scheduleOfCensus({ ...times, frequency, day });
}

function flatOf(body: CensusDraft | CensusPatch) {
  return {
    frequency: body.schedule_frequency,
    day: body.schedule_day,
    hour: body.schedule_hour,
    minute: body.schedule_minute,
    cron_expression: body.cron_expression,
  };
}

function mappingsOf(given: CensusDraft["mappings"], wrong: Wrongs): readonly FieldMapping[] {
  return given.flatMap((each, at) => wrong.take(`mappings.${at}`, mappingOfCensus(each)) ?? []);
}

/** The columns that tell rows apart: those of the identifiers, unless the body says others. */
function keyOf(
  said: readonly string[] | null | undefined,
  mappings: readonly FieldMapping[],
): readonly string[] {
  if (said !== undefined && said !== null && said.length > 0) return said;
  return mappings.flatMap(({ isIdentifier, from }) =>
    isIdentifier && (from.type === "column" || from.type === "hash") ? [from.column] : [],
  );
}

/** The key of a sync whose mappings stay; whether they fit it is judged together with them. */
function keyAlone(said: readonly string[] | null | undefined): Pick<SyncPatch, "key"> {
  return said === undefined || said === null || said.length === 0 ? {} : { key: said };
}

function modelOf(object: CensusSourceObject): Result<Model, string> {
  const { query, table_name: name, table_schema: schema } = object;
  if (query !== undefined) return ok({ kind: "query", sql: query });
  if (name === undefined) return err("name a table (table_schema, table_name) or give a query");
  const named = schema === undefined ? modelNamed(name, "newest") : undefined;
  if (named !== undefined) return ok(named);
  return ok({ kind: "table", schema: schema ?? "public", name });
}

/** What is wrong with a body, gathered while it is read. */
class Wrongs {
  readonly errors: FieldError[] = [];

  add(path: string, message: string): void {
    this.errors.push({ path, message });
  }

  take<T>(path: string, result: Result<T, string>): T | undefined {
    if (result.ok) return result.value;
    this.add(path, result.error);
    return undefined;
  }

  refusal(): Result<never, Problem> {
    return refuse("sync_invalid", "The sync cannot be as it was described.", {
      errors: this.errors,
    });
  }
}
