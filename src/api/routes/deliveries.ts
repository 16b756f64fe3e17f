import {
  array,
  maxLength,
  maxValue,
  minValue,
  integer,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  strictObject,
  string,
  unknown,
} from "valibot";

import { ok } from "../../core/result.ts";
import { latency95Ms } from "../../deliver/lane/counts.ts";
import type { LaneRef } from "../../region/object-names.ts";
import { GRANULARITIES, type DestinationStanding } from "../../workspace/delivery-metrics.ts";
import type { DeliveryMetrics } from "../../workspace/delivery-ports.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { defined } from "../defined.ts";
import { answerWith, plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";

const CODE_CHARS_MAX = 100;
const LETTERS_MAX = 100;

/** How far back counts are shown when the query does not say. */
const SPAN_MS_DEFAULT = 3_600_000;

const code = pipe(string(), maxLength(CODE_CHARS_MAX));

const fileView = object({
  file: nullable(string()),
  code: string(),
  events: number(),
  firstAt: string(),
  lastAt: string(),
  state: picklist(["gathering", "stored", "redriving"]),
});

const letterView = object({
  file: nullable(string()),
  code: string(),
  reason: string(),
  attempts: number(),
  event: unknown(),
});

const time = pipe(string(), maxLength(40));

const metricsAnswer = object({
  granularity: picklist(["minute", "hour", "day"]),
  from: string(),
  to: string(),
  data: array(
    object({
      destinationId: string(),
      sourceId: string(),
      step: string(),
      code: string(),
      time: string(),
      count: number(),
      retryCount: number(),
      latency95Ms: nullable(number()),
    }),
  ),
  destinations: array(
    object({
      destinationId: string(),
      lanes: number(),
      waitingEvents: number(),
      waitingBytes: number(),
      pausedUntil: nullable(string()),
      deadLetters: number(),
      alerts: array(string()),
    }),
  ),
});

/** What became of events on their way to destinations. */
export const DELIVERY_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/metrics",
    summary: "Deliveries by step, code and time, and how the lanes of each destination stand",
    query: strictObject({
      granularity: optional(picklist(["minute", "hour", "day"])),
      from: optional(time),
      to: optional(time),
      sourceId: optional(code),
      destinationId: optional(code),
    }),
    answer: metricsAnswer,
    handle: async ({ workspace, call, query, services }) => {
      const { granularity = "minute", from, to, ...of } = query;
      const toMs = to === undefined ? services.now() + 1 : Date.parse(to);
      const spanMs = Math.max(SPAN_MS_DEFAULT, GRANULARITIES[granularity].stepMs * 24);
      const fromMs = from === undefined ? toMs - spanMs : Date.parse(from);
      if (Number.isNaN(fromMs) || Number.isNaN(toMs)) {
        return refuse("invalid_query", "from and to are times as in 2026-11-22T07:00:00Z.");
      }
      const asked = { granularity, fromMs, toMs, ...defined(of) };
      return answerWith(await workspace.metrics(call, asked), viewMetrics);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/destinations/:id/dead-letters",
    summary: "Events that could not be delivered, by file and code; no events themselves",
    answer: object({ data: array(fileView) }),
    handle: async ({ workspace, call, params, services }) => {
      const lanes = await workspace.lanes(plainCall(call), params["id"] ?? "");
      if (!lanes.ok) return answerWith(lanes, () => ({}));
      const files = await askAll(lanes.value, (lane) => services.lane(lane).deadLetters());
      return ok({
        data: files.map(({ key, firstAtMs, lastAtMs, ...file }) => ({
          ...file,
          file: key === "" ? null : key,
          firstAt: isoTime(firstAtMs),
          lastAt: isoTime(lastAtMs),
        })),
      });
    },
  }),
  workspaceOperation("events:read", {
    method: "POST",
    path: "/api/v1/destinations/:id/dead-letters/search",
    summary: "Dead letters with their events, by code",
    body: strictObject({
      code: optional(code),
      limit: optional(pipe(number(), integer(), minValue(1), maxValue(LETTERS_MAX))),
    }),
    answer: object({ data: array(letterView) }),
    handle: async ({ workspace, call, params, body, services }) => {
      const id = params["id"] ?? "";
      const lanes = await workspace.lanes(plainCall(call), id);
      if (!lanes.ok) return answerWith(lanes, () => ({}));
      const noted = await workspace.noteReading(plainCall(call), id);
      if (!noted.ok) return answerWith(noted, () => ({}));
      const query = { limit: body.limit ?? LETTERS_MAX, ...defined({ code: body.code }) };
      const found = await askAll(lanes.value, (lane) =>
        services.lane(lane).searchDeadLetters(query),
      );
      const data = found.slice(0, query.limit).map(({ file, ...letter }) => ({
        ...letter,
        file: file === "" ? null : file,
      }));
      return ok({ data });
    },
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/destinations/:id/dead-letters/redrive",
    summary: "Send dead letters again, all or those of one code",
    body: strictObject({ code: optional(code) }),
    answer: object({ events: number() }),
    handle: async ({ workspace, call, params, body, services }) => {
      const lanes = await workspace.lanes(
        plainCall(call),
        params["id"] ?? "",
        "destination.redrive",
      );
      if (!lanes.ok) return answerWith(lanes, () => ({}));
      const events = await Promise.all(
        lanes.value.map((lane) => services.lane(lane).redrive(body.code)),
      );
      return ok({ events: events.reduce((sum, count) => sum + count, 0) });
    },
  }),
  workspaceOperation("events:read", {
    method: "GET",
    path: "/api/v1/destinations/:id/last-failure",
    summary: "The last event that was not delivered, cut short, with its code",
    answer: object({
      failure: nullable(
        object({ at: string(), code: string(), attempts: number(), event: string() }),
      ),
    }),
    handle: async ({ workspace, call, params, services }) => {
      const id = params["id"] ?? "";
      const lanes = await workspace.lanes(plainCall(call), id);
      if (!lanes.ok) return answerWith(lanes, () => ({}));
      const noted = await workspace.noteReading(plainCall(call), id);
      if (!noted.ok) return answerWith(noted, () => ({}));
      const samples = await askAll(lanes.value, async (lane) => {
        const sample = await services.lane(lane).sample();
        return sample === undefined ? [] : [sample];
      });
      const [last] = samples.toSorted((a, b) => b.atMs - a.atMs);
      if (last === undefined) return ok({ failure: null });
      const { atMs, ...failure } = last;
      return ok({ failure: { at: isoTime(atMs), ...failure } });
    },
  }),
];

async function askAll<T>(
  lanes: readonly LaneRef[],
  ask: (lane: LaneRef) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  return (await Promise.all(lanes.map(ask))).flat();
}

function viewMetrics({ query, rows, standings }: DeliveryMetrics) {
  return {
    granularity: query.granularity,
    from: isoTime(query.fromMs),
    to: isoTime(query.toMs),
    data: rows.map(({ atMs, latency, ...row }) => ({
      ...row,
      time: isoTime(atMs),
      latency95Ms: latency95Ms(latency) ?? null,
    })),
    destinations: standings.map(viewStanding),
  };
}

function viewStanding({ pausedUntilMs, ...standing }: DestinationStanding) {
  return {
    ...standing,
    pausedUntil: pausedUntilMs === undefined ? null : isoTime(pausedUntilMs),
  };
}
