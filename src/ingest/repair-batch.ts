import { concatBytes } from "../core/bytes.ts";
import { giveBack, native, nativeBytes, takeRoomFor } from "../core/native/native.ts";
import { NAME } from "./member-names.ts";

/**
 * Old mobile SDKs damage their queue files and send, for ever, batches that are not JSON: commas
 * before the first event, doubled or missing between events; runs of NUL bytes; several envelopes
 * one after the other. Exactly these are repaired, by dropping NULs and writing the commas anew.
 * Whatever is inside an event or is any other member has to be JSON and is copied as it stands, so
 * that a repair can neither invent nor alter an event.
 */

/** A part that was repaired, and where what it was made of ends in native memory. */
type Span = { readonly bytes: Uint8Array; readonly end: number };

const NUL = 0;
const SPACE = 0x20;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OTHER_SPACE = [0x09, 0x0a, 0x0d];

const encoder = new TextEncoder();
const TEXT_COMMA = encoder.encode(",");

/** The envelopes in a damaged body, each as JSON; `undefined` when it is damaged in another way. */
export function repairBatch(body: Uint8Array): readonly Uint8Array[] | undefined {
  const bodyAt = takeRoomFor(body);
  try {
    return repairEnvelopes(bodyAt, bodyAt + body.length);
  } finally {
    giveBack(bodyAt);
  }
}

function repairEnvelopes(from: number, to: number): readonly Uint8Array[] | undefined {
  const envelopes: Uint8Array[] = [];
  let i = skipNoise(from, to);
  while (i < to) {
    const envelope = repairEnvelope(i, to);
    if (envelope === undefined) return undefined;
    envelopes.push(envelope.bytes);
    i = skipCommas(envelope.end, to);
  }
  return envelopes.length > 0 ? envelopes : undefined;
}

/** One envelope with exactly one `batch`: with two, readers would disagree which of them counts. */
function repairEnvelope(at: number, to: number): Span | undefined {
  if (byteAt(at) !== OPEN_OBJECT) return undefined;
  const members: Uint8Array[] = [];
  let batches = 0;
  let i = skipNoise(at + 1, to);
  for (;;) {
    const nameEnd = native.skipString(i);
    const value = nameEnd < 0 ? nameEnd : skipColon(nameEnd);
    if (value < 0) return undefined;
    const isBatch = native.nameAt(i, nameEnd) === NAME.batch;
    if (isBatch) batches++;
    const repaired = isBatch ? repairArray(value, to) : copyValue(value);
    if (repaired === undefined) return undefined;
    members.push(concatBytes([copy(i, value), repaired.bytes]));
    i = skipNoise(repaired.end, to);
    const byte = byteAt(i);
    if (byte === CLOSE_OBJECT) break;
    if (byte !== COMMA) return undefined;
    i = skipNoise(i + 1, to);
  }
  if (batches !== 1) return undefined;
  return { bytes: joined("{", members, "}"), end: i + 1 };
}

/** The events of a batch, whatever stands between them of commas, white space and NULs. */
function repairArray(at: number, to: number): Span | undefined {
  if (byteAt(at) !== OPEN_ARRAY) return undefined;
  const events: Uint8Array[] = [];
  let i = skipCommas(at + 1, to);
  while (byteAt(i) === OPEN_OBJECT) {
    const end = native.skipValue(i, 2);
    if (end < 0) return undefined;
    events.push(copy(i, end));
    i = skipCommas(end, to);
  }
  if (byteAt(i) !== CLOSE_ARRAY) return undefined;
  return { bytes: joined("[", events, "]"), end: i + 1 };
}

function copyValue(at: number): Span | undefined {
  const end = native.skipValue(at, 1);
  return end < 0 ? undefined : { bytes: copy(at, end), end };
}

function joined(open: string, parts: readonly Uint8Array[], close: string): Uint8Array {
  const separated = parts.flatMap((part, i) => (i === 0 ? [part] : [TEXT_COMMA, part]));
  return concatBytes([encoder.encode(open), ...separated, encoder.encode(close)]);
}

function copy(from: number, to: number): Uint8Array {
  return nativeBytes().slice(from, to);
}

function byteAt(at: number): number {
  return nativeBytes()[at] ?? 0;
}

/** From the end of a name to its value; negative when no colon is between them. */
function skipColon(at: number): number {
  const colon = skipSpace(at);
  return byteAt(colon) === COLON ? skipSpace(colon + 1) : -1;
}

function skipSpace(at: number): number {
  let i = at;
  while (byteAt(i) === SPACE || OTHER_SPACE.includes(byteAt(i))) i++;
  return i;
}

function skipNoise(at: number, to: number): number {
  let i = skipSpace(at);
  while (i < to && byteAt(i) === NUL) i = skipSpace(i + 1);
  return i;
}

function skipCommas(at: number, to: number): number {
  let i = skipNoise(at, to);
  while (byteAt(i) === COMMA) i = skipNoise(i + 1, to);
  return i;
}
