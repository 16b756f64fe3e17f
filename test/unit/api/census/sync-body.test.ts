import { parse } from "valibot";
import { describe, expect, it } from "vitest";

import { draftOfCensus, patchOfCensus } from "../../../../src/api/census/sync-body.ts";
import { censusSyncDraft, censusSyncPatch } from "../../../../src/api/census/sync-schemas.ts";
import type { SyncEnd } from "../../../../src/workspace/sync-ports.ts";

const TIMES = { isDeleted: false, createdAtMs: 0, updatedAtMs: 0 };
const ENDS: readonly SyncEnd[] = [
  { id: "con_eu_a", number: 1, name: "Warehouse", type: "postgres", ...TIMES },
  { id: "con_eu_gone", number: 2, name: "Old", type: "postgres", ...TIMES, isDeleted: true },
  { id: "dst_eu_b", number: 1, name: "Braze", type: "braze", ...TIMES },
];
const GROUND = { ends: ENDS, parent: undefined };

const DRAFT = {
  operation: "upsert",
  source_attributes: { connection_id: 1, object: { type: "model", query: "SELECT 1" } },
  destination_attributes: { connection_id: 1_000_001, object: "user" },
  mappings: [
    { from: { type: "column", data: "ID" }, to: "external_id", is_primary_identifier: true },
  ],
};

const draft = (changes: object) =>
  draftOfCensus(parse(censusSyncDraft, { ...DRAFT, ...changes }), GROUND);

/** The fields that are wrong. */
function wrongIn(changes: object): readonly string[] {
  const drafted = draft(changes);
  return drafted.ok ? [] : (drafted.error.errors ?? []).map(({ path }) => path);
}

describe("draftOfCensus()", () => {
  it("makes a sync of the identifier's column, a query and a destination of the workspace", () => {
    expect(draft({ label: "" })).toMatchObject({
      ok: true,
      value: {
        label: "Untitled",
        source: { connectionId: "con_eu_a", model: { kind: "query", sql: "SELECT 1" } },
        destination: { destinationId: "dst_eu_b", object: "user" },
        behaviour: "upsert",
        key: ["ID"],
        mappings: [{ to: "external_id", syncNullValues: true, isIdentifier: true }],
      },
    });
  });

  it("takes every kind of mapping that is offered", () => {
    const from = [
      { type: "hash", data: "EMAIL" },
      { type: "constant_value", data: { value: 7, basic_type: "number" } },
      { type: "liquid_template", data: "{{ record['A'] }}" },
      { type: "sync_metadata", data: "sync_run_id" },
    ];
    const mappings = from.map((each, at) => ({ from: each, to: `f${at}`, operation: "merge" }));

    expect(draft({ mappings })).toMatchObject({
      value: {
        mappings: [
          { from: { type: "hash", column: "EMAIL" }, arrayOperation: "merge" },
          { from: { type: "constant", basicType: "number", value: 7 } },
          { from: { type: "template", template: "{{ record['A'] }}" } },
          { from: { type: "sync_metadata", key: "sync_run_id" } },
        ],
      },
    });
  });

  it.each([
    ["a look-up", { mappings: [{ ...DRAFT.mappings[0], lookup_object: "list" }] }, "mappings.0"],
    [
      "membership of a segment",
      { mappings: [{ from: { type: "segment_membership", data: {} }, to: "x" }] },
      "mappings.0",
    ],
    ["a swap", { mirror_strategy: "upload_and_swap" }, "mirror_strategy"],
    ["a live sync", { mode: { type: "live" } }, "mode.type"],
    [
      "another service's job as a trigger",
      { mode: { type: "triggered", triggers: { dbt_cloud: { job_id: "1" } } } },
      "mode.triggers",
    ],
    [
      "a deleted connection",
      { source_attributes: { ...DRAFT.source_attributes, connection_id: 2 } },
      "source_attributes.connection_id",
    ],
    [
      "a model by its name",
      { source_attributes: { connection_id: 1, object: { type: "model", name: "m" } } },
      "source_attributes.object",
    ],
  ])("says which field asks for %s", (_name, changes, path) => {
    expect(wrongIn(changes)).toContain(path);
  });

  it.each([
    [
      "a day that is none",
      { schedule_frequency: "weekly", schedule_day: "monday" },
      "schedule_day",
    ],
    ["a day by number", { schedule_frequency: "weekly", schedule_day: 1 }, "schedule_day"],
    [
      "such a day in the newer way",
      { mode: { type: "triggered", triggers: { schedule: { frequency: "weekly", day: "Mon" } } } },
      "mode.triggers.schedule.day",
    ],
    ["a time without a frequency", { schedule_hour: 4 }, "schedule_frequency"],
    [
      "such a time in the newer way",
      { mode: { type: "triggered", triggers: { schedule: { minute: 0 } } } },
      "mode.triggers.schedule.frequency",
    ],
    [
      "records to skip without a column",
      { historical_sync_operation: "skip_current_records" },
      "high_water_mark_attribute",
    ],
  ])("takes no %s", (_name, changes, path) => {
    expect(wrongIn(changes)).toEqual([path]);
  });

  it("takes the older way where the newer says no schedule", () => {
    const changes = {
      schedule_frequency: "hourly",
      schedule_minute: 5,
      mode: { type: "triggered" },
    };

    expect(draft(changes)).toMatchObject({
      value: { schedule: { kind: "cron", expression: "5 * * * *" } },
    });
  });

  it("counts the newer way to say a schedule, where both are there", () => {
    const schedule = { frequency: "hourly", minute: 5 };
    const mode = { type: "triggered", triggers: { schedule } };

    expect(draft({ schedule_frequency: "daily", mode })).toMatchObject({
      value: { schedule: { kind: "cron", expression: "5 * * * *" } },
    });
  });
});

describe("patchOfCensus()", () => {
  it("changes nothing that is not named", () => {
    const patch = patchOfCensus(parse(censusSyncPatch, { paused: true }), GROUND);

    expect(patch).toEqual({ ok: true, value: { paused: true } });
  });

  it.each([
    [{ field_behavior: "specific_properties" }, { syncAll: null }],
    [{ sync_key: ["A", "B"] }, { key: ["A", "B"] }],
  ])("does what %j says alone", (said, value) => {
    expect(patchOfCensus(parse(censusSyncPatch, said), GROUND)).toEqual({ ok: true, value });
  });

  it("does not form names of fields of which it is not said that all are sent", () => {
    const said = parse(censusSyncPatch, { field_normalization: "snake_case" });

    expect(patchOfCensus(said, GROUND)).toMatchObject({
      error: { errors: [{ path: "field_behavior" }] },
    });
  });
});
