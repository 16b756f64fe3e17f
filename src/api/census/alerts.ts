import { boolean, nullish, number, object, picklist, string, type InferOutput } from "valibot";

import { err, ok, type Result } from "../../core/result.ts";
import {
  ALERT_RUNS_MAX,
  ALERTS_DEFAULT,
  COUNTED_RECORDS,
  type SyncAlert,
} from "../../sync/alerts/alert.ts";
import { ALERT_TYPES } from "../../sync/alerts/notice.ts";
import type { Sync } from "../../sync/sync.ts";

const HOUR_MINUTES = 60;
/** Earlier runs that an average is of; Census does not say how many. */
const RUNS_DEFAULT = 10;

export const censusAlert = object({
  type: string(),
  send_for: nullish(picklist(["first_time", "every_time"])),
  should_send_recovery: nullish(boolean()),
  options: nullish(
    object({
      threshold: nullish(number()),
      record_type: nullish(string()),
      unit: nullish(string()),
      start_type: nullish(string()),
      status_name: nullish(string()),
    }),
  ),
});

type CensusAlert = InferOutput<typeof censusAlert>;

/** The alert that Census's words mean, or what of it is not known. */
export function alertOfCensus(given: CensusAlert): Result<SyncAlert, string> {
  const told = {
    sendFor: given.send_for ?? ("first_time" as const),
    recovery: given.should_send_recovery ?? true,
  };
  const {
    threshold,
    record_type: recordType,
    unit,
    start_type: from,
    status_name: status,
  } = given.options ?? {};
  switch (given.type) {
    case ALERT_TYPES.failure:
      return ok({ type: "failure", ...told });
    case ALERT_TYPES.invalid_records:
      return ok({ type: "invalid_records", thresholdPercent: threshold ?? 75, ...told });
    case ALERT_TYPES.full_sync:
      return ok({ type: "full_sync", ...told });
    case ALERT_TYPES.record_count_deviation: {
      const counted = COUNTED_RECORDS.find((each) => each === recordType);
      if (counted === undefined) return err(`record_type has to be ${COUNTED_RECORDS.join(", ")}`);
      if (threshold === undefined || threshold === null) return err("threshold is missing");
      const runs = Math.min(RUNS_DEFAULT, ALERT_RUNS_MAX);
      const type = "record_count_deviation";
      return ok({ type, counted, thresholdPercent: threshold, runs, ...told });
    }
    case ALERT_TYPES.runtime: {
      if (threshold === undefined || threshold === null) return err("threshold is missing");
      const minutes = unit === "hours" ? threshold * HOUR_MINUTES : threshold;
      return ok({
        type: "runtime",
        minutes,
        from: from === "scheduled" ? "scheduled" : "actual",
        ...told,
      });
    }
    case ALERT_TYPES.status:
      if (status !== "started" && status !== "completed") {
        return err("status_name has to be started or completed");
      }
      return ok({ type: "status", status, ...told });
    default:
      return err(`type has to be ${Object.values(ALERT_TYPES).join(", ")}`);
  }
}

/** The alerts of a sync as Census shows them; their ids are their places. */
export function viewCensusAlerts({ alerts = ALERTS_DEFAULT }: Pick<Sync, "alerts">) {
  return alerts.map((alert, place) => ({
    id: place + 1,
    type: ALERT_TYPES[alert.type],
    send_for: alert.sendFor,
    should_send_recovery: alert.recovery,
    options: optionsOf(alert),
  }));
}

function optionsOf(alert: SyncAlert): Readonly<Record<string, string | number>> {
  switch (alert.type) {
    case "failure":
    case "full_sync":
      return {};
    case "invalid_records":
      return { threshold: alert.thresholdPercent };
    case "record_count_deviation":
      return { threshold: alert.thresholdPercent, record_type: alert.counted };
    case "runtime":
      return { threshold: alert.minutes, unit: "minutes", start_type: alert.from };
    case "status":
      return { status_name: alert.status };
  }
}
