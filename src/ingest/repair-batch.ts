import { concatBytes } from "../core/bytes.ts";
import {
  byteAt,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
} from "./json-scan.ts";
import { NAME, nameAt } from "./member-names.ts";

/**
 * Old mobile SDKs damage their queue files and send, for ever, batches that are not JSON: commas
 * before the first event, doubled or missing between events; runs of NUL bytes; several envelopes
 * one after the other. Exactly these are repaired, by dropping NULs and writing the commas anew.
 * Whatever is inside an event or is any other member has to be JSON and is copied as it stands, so
 * that a repair can neither invent nor alter an event.
 */

type Span = { readonly bytes: Uint8Array; readonly end: number };

const NUL = 0;
/** More NULs than any scan looks ahead. */
const PADDING_BYTES = 8;
const encoder = new TextEncoder();
const TEXT_COMMA = encoder.encode(",");

/** The envelopes in a damaged body, each as JSON; `undefined` when it is damaged in another way. */
export function repairBatch(body: Uint8Array): readonly Uint8Array[] | undefined {
  const bytes = new Uint8Array(body.length + PADDING_BYTES);
  bytes.set(body);
  const envelopes: Uint8Array[] = [];
  let i = skipNoise(bytes, 0, body.length);
  while (i < body.length) {
    const envelope = repairEnvelope(bytes, i, body.length);
    if (envelope === undefined) return undefined;
    envelopes.push(envelope.bytes);
    i = skipCommas(bytes, envelope.end, body.length);
  }
  return envelopes.length > 0 ? envelopes : undefined;
}

/** One envelope with exactly one `batch`: with two, readers would disagree which of them counts. */
function repairEnvelope(bytes: Uint8Array, at: number, length: number): Span | undefined {
  if (byteAt(bytes, at) !== OPEN_OBJECT) return undefined;
  const members: Uint8Array[] = [];
  let batches = 0;
  let i = skipNoise(bytes, at + 1, length);
  for (;;) {
    const nameEnd = skipString(bytes, i);
    const value = nameEnd < 0 ? nameEnd : skipColon(bytes, nameEnd);
    if (value < 0) return undefined;
    const isBatch = nameAt(bytes, i, nameEnd) === NAME.batch;
    if (isBatch) batches++;
    const repaired = isBatch
      ? repairArray(bytes, value, length)
      : copyValue(bytes, value, skipValue(bytes, value, 1));
    if (repaired === undefined) return undefined;
    members.push(concatBytes([bytes.subarray(i, value), repaired.bytes]));
    i = skipNoise(bytes, repaired.end, length);
    const byte = byteAt(bytes, i);
    if (byte === CLOSE_OBJECT) break;
    if (byte !== COMMA) return undefined;
    i = skipNoise(bytes, i + 1, length);
  }
  if (batches !== 1) return undefined;
  return { bytes: joined("{", members, "}"), end: i + 1 };
}

/** The events of a batch, whatever stands between them of commas, white space and NULs. */
function repairArray(bytes: Uint8Array, at: number, length: number): Span | undefined {
  if (byteAt(bytes, at) !== OPEN_ARRAY) return undefined;
  const events: Uint8Array[] = [];
  let i = skipCommas(bytes, at + 1, length);
  while (byteAt(bytes, i) === OPEN_OBJECT) {
    const end = skipValue(bytes, i, 2);
    if (end < 0) return undefined;
    events.push(bytes.subarray(i, end));
    i = skipCommas(bytes, end, length);
  }
  if (byteAt(bytes, i) !== CLOSE_ARRAY) return undefined;
  return { bytes: joined("[", events, "]"), end: i + 1 };
}

function copyValue(bytes: Uint8Array, at: number, end: number): Span | undefined {
  return end < 0 ? undefined : { bytes: bytes.subarray(at, end), end };
}

function joined(open: string, parts: readonly Uint8Array[], close: string): Uint8Array {
  const separated = parts.flatMap((part, i) => (i === 0 ? [part] : [TEXT_COMMA, part]));
  return concatBytes([encoder.encode(open), ...separated, encoder.encode(close)]);
}

function skipNoise(bytes: Uint8Array, at: number, length: number): number {
  let i = skipSpace(bytes, at);
  while (i < length && byteAt(bytes, i) === NUL) i = skipSpace(bytes, i + 1);
  return i;
}

function skipCommas(bytes: Uint8Array, at: number, length: number): number {
  let i = skipNoise(bytes, at, length);
  while (byteAt(bytes, i) === COMMA) i = skipNoise(bytes, i + 1, length);
  return i;
}
