import type { RandomBytes } from "../core/base32.ts";
import type { SipKey } from "../core/siphash.ts";
import { isEventType, refusalOf, type EventType } from "./check-event.ts";
import type { ItemCode } from "./codes.ts";
import { EventHashes } from "./event-hashes.ts";
import { EventLines, type Stamp } from "./event-line.ts";
import { EventView } from "./event-view.ts";
import { EVENT_BYTES_MAX, EVENTS_MAX } from "./limits.ts";
import { lineBufferFor, type LineBuffer } from "./line-buffer.ts";
import { NAME } from "./member-names.ts";
import { sharedBytesOf, type Payload } from "./payload.ts";
import type { SchemaControls } from "../workspace/schema-controls.ts";
import { blockOf, omissionOf } from "./schema-gate.ts";

/** What the events of a request are accepted with. */
export type AcceptOptions = {
  readonly stamp: Stamp;
  /** The call of the path, for a single event; it wins over what the body says. */
  readonly pathType: EventType | undefined;
  /** Keys the hashes; the source's own. */
  readonly key: SipKey;
  readonly random: RandomBytes;
  /** What the source lets in; absent for everything. */
  readonly schema?: SchemaControls | undefined;
};

/** The events of a request that are kept, as an append holds them, and why others are not. */
export type Acceptance = {
  readonly lines: Uint8Array;
  readonly ends: Uint32Array;
  readonly prints: Uint8Array;
  readonly users: Uint8Array;
  /** Items that are not kept, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** The first of them, counted from 0 over the whole request. */
  readonly firstRefusal: { readonly code: ItemCode; readonly item: number } | undefined;
};

/** Bytes that an event gains on the way; only a guess, for the size of the first buffer. */
const GAIN_BYTES = 288;

/** What our own messageIds begin with. */
const MADE_ID_PREFIX = "hp-";

/** Checks the events of a request and writes those that can be kept as lines of the archive. */
export function acceptEvents(payloads: readonly Payload[], options: AcceptOptions): Acceptance {
  const count = payloads.reduce((sum, { items }) => sum + items.count, 0);
  const kept = Math.min(count, EVENTS_MAX);
  const room = payloads.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const out = lineBufferFor(payloads, room + kept * GAIN_BYTES);
  const refusals = new Refusals();
  const hashes = new EventHashes(kept, options.key);
  try {
    let item = 0;
    for (const payload of payloads) {
      acceptPayload(payload, item, options, { out, hashes, refusals });
      item += payload.items.count;
    }
    if (count === 0) refusals.add("empty_batch", 0);
    return {
      ...out.take(),
      ...hashes.take(out.lineCount),
      refused: refusals.counts(),
      firstRefusal: refusals.first,
    };
  } finally {
    hashes.giveBack();
  }
}

type Outputs = {
  readonly out: LineBuffer;
  readonly hashes: EventHashes;
  readonly refusals: Refusals;
};

/** @param firstItem what the payload's first event counts as, over the whole request. */
function acceptPayload(
  payload: Payload,
  firstItem: number,
  options: AcceptOptions,
  { out, hashes, refusals }: Outputs,
): void {
  const view = new EventView(payload);
  const lines = new EventLines(view, options.stamp, out);
  const itemBytesMax = EVENT_BYTES_MAX - sharedBytesOf(payload);
  const { schema } = options;
  hashes.begin(payload);
  for (let i = 0; i < payload.items.count; i++) {
    view.show(i);
    const checked =
      firstItem + i < EVENTS_MAX ? check(view, options, itemBytesMax) : "too_many_events";
    if (!isEventType(checked)) {
      refusals.add(checked, firstItem + i);
      continue;
    }
    const isUnnamed = view.isAbsent(NAME.messageId) || view.isEmpty(NAME.messageId);
    const madeId = isUnnamed ? makeId(options.random) : undefined;
    hashes.set(out.lineCount, view, madeId);
    const omission = schema === undefined ? undefined : omissionOf(view, checked, schema);
    lines.write({ type: checked, madeId, omission });
  }
}

/** The event's type, or the code it is refused with. */
function check(
  view: EventView,
  { pathType, schema }: AcceptOptions,
  bytesMax: number,
): EventType | ItemCode {
  const { items } = view.payload;
  if (items.end(view.index) - items.start(view.index) > bytesMax) return "event_too_large";
  if (!view.isObject) return "bad_request";
  if (pathType === undefined && view.isAbsent(NAME.type)) return "missing_type";
  const type = pathType ?? view.string(NAME.type);
  if (!isEventType(type)) return "invalid_type";
  const blocked = schema === undefined ? undefined : blockOf(view, type, schema);
  return refusalOf(view, type) ?? blocked ?? type;
}

class Refusals {
  readonly #counts = new Map<ItemCode, number>();
  first: { readonly code: ItemCode; readonly item: number } | undefined;

  add(code: ItemCode, item: number): void {
    this.first ??= { code, item };
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** A messageId of our own: a random UUID. It cannot recognise a call that is sent again. */
function makeId(random: RandomBytes): string {
  const bytes = random(16);
  const hex = Array.from(bytes, (byte, i) => {
    const tagged = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return tagged.toString(16).padStart(2, "0");
  }).join("");
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const;
  return MADE_ID_PREFIX + parts.map(([from, to]) => hex.slice(from, to)).join("-");
}
