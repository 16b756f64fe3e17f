import { acceptEvents, type Acceptance } from "../../src/ingest/accept-events.ts";
import type { EventType } from "../../src/ingest/check-event.ts";
import type { Stamp } from "../../src/ingest/event-line.ts";
import { readPayload, type Payload } from "../../src/ingest/payload.ts";
import type { SchemaControls } from "../../src/workspace/schema-controls.ts";
import { sipKey } from "../../src/core/siphash.ts";

export const RECEIVED_AT = "2026-11-22T12:00:00.000Z";
export const KEY = sipKey("000102030405060708090a0b0c0d0e0f");

/** What the server makes of a batch's JSON text. */
export function acceptBatch(
  json: string,
  stamp: Partial<Stamp> = {},
  schema?: SchemaControls,
): Acceptance {
  return accept(payloadOf(json, "batch"), { stamp, schema });
}

/** What the server makes of one event's JSON text, sent to the path of that call. */
export function acceptOne(
  json: string,
  stamp: Partial<Stamp> = {},
  type: EventType = "track",
  schema?: SchemaControls,
): Acceptance {
  return accept(payloadOf(json, "event"), { stamp, pathType: type, schema });
}

/** The only line of an acceptance, without its newline. */
export function lineOf({ lines, ends }: Acceptance): string {
  if (ends.length !== 1) throw new Error(`Cannot take the line: there are ${ends.length}`);
  return new TextDecoder().decode(lines).slice(0, -1);
}

export function payloadOf(json: string, shape: "batch" | "event"): Payload {
  const read = readPayload(new TextEncoder().encode(json), shape);
  if (!read.ok) throw new Error(`Cannot read the payload: ${read.error.kind}`);
  return read.value;
}

function accept(
  payload: Payload,
  options: {
    readonly stamp: Partial<Stamp>;
    readonly pathType?: EventType;
    readonly schema: SchemaControls | undefined;
  },
): Acceptance {
  return acceptEvents([payload], {
    stamp: {
      receivedAtMs: Date.parse(RECEIVED_AT),
      sourceId: "src_eu_0",
      channel: "server",
      ip: undefined,
      ...options.stamp,
    },
    pathType: options.pathType,
    schema: options.schema,
    key: KEY,
    random: (length) => new Uint8Array(length).fill(0xab),
  });
}
