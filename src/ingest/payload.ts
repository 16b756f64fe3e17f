import { err, ok, type Result } from "../core/result.ts";
import { NAME } from "./member-names.ts";
import { Members, type Items } from "./members.ts";
import { scanBody, scanObject, scanValue, TOO_DEEP } from "./scan-body.ts";

/**
 * A request's body, found to be JSON, and where its parts stand in it. Values are not built: events
 * are kept as they were sent, so places in the bytes are all that is needed.
 */
export type Payload = {
  /** The body. */
  readonly bytes: Uint8Array;
  /**
   * A character for each byte, so that offsets are the same. What is not ASCII in it means nothing:
   * it only shows where UTF-8 has to be decoded.
   */
  readonly text: string;
  readonly isAscii: boolean;
  /** Whether line breaks stand between tokens; inside strings JSON has none. */
  readonly hasBreaks: boolean;
  /** Members of the batch envelope; none for a single event. */
  readonly envelope: Members;
  /** Members of the envelope's `context`, when it is an object. */
  readonly shared: Members;
  readonly items: Items;
};

export type PayloadRefusal = {
  readonly kind: "not-utf8" | "malformed" | "too-deep" | "not-object" | "no-batch";
};

const OPEN_OBJECT = 0x7b;
const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BYTE_ORDER_MARK = 0xef;
const BYTE_ORDER_MARK_BYTES = 3;

/** One character per byte (Windows-1252): a byte above ASCII never becomes an ASCII character. */
const byteDecoder = new TextDecoder("latin1");
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Checks that `body` is UTF-8 and one JSON object, and finds its parts.
 *
 * @param shape `batch`: an envelope with a `batch` array; `event`: the object is the one event.
 */
export function readPayload(
  body: Uint8Array,
  shape: "batch" | "event",
): Result<Payload, PayloadRefusal> {
  const decoded = decode(body);
  if (decoded === undefined) return err({ kind: "not-utf8" });
  const start = skipSpace(body, body[0] === BYTE_ORDER_MARK ? BYTE_ORDER_MARK_BYTES : 0);
  if (body[start] !== OPEN_OBJECT) return err({ kind: kindOfOther(body, start) });
  const { end, hasBatch, envelope, shared, items } = scanBody(body, start, shape);
  if (end === TOO_DEEP) return err({ kind: "too-deep" });
  if (end < 0 || skipSpace(body, end) !== body.length) return err({ kind: "malformed" });
  if (shape === "batch" && !hasBatch) return err({ kind: "no-batch" });
  const isAscii = decoded.length === body.length;
  const text = isAscii ? decoded : byteDecoder.decode(body);
  const hasBreaks = text.includes("\n") || text.includes("\r");
  return ok({ bytes: body, text, isAscii, hasBreaks, envelope, shared, items });
}

/** The members of the value from `at` to `end` of a payload; none when it is no object. */
export function membersAt({ bytes }: Payload, at: number, end: number): Members {
  return bytes[at] === OPEN_OBJECT ? scanObject(bytes, at, end) : new Members();
}

/** Bytes of the envelope's members that are written into every event. */
export function sharedBytesOf({ envelope }: Payload): number {
  let bytes = 0;
  for (let i = 0; i < envelope.count; i++) {
    const name = envelope.name(i);
    const isShared = name === NAME.context || name === NAME.integrations || name === NAME.sentAt;
    if (isShared) bytes += envelope.end(i) - envelope.value(i);
  }
  return bytes;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Why a body that is no object is refused. */
function kindOfOther(body: Uint8Array, start: number): PayloadRefusal["kind"] {
  const end = scanValue(body, start);
  if (end === TOO_DEEP) return "too-deep";
  return end < 0 || skipSpace(body, end) !== body.length ? "malformed" : "not-object";
}

/** The first place at or after `at` that is not white space, or the end. */
function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  while (i < bytes.length && WHITE_SPACE.has(bytes[i] ?? 0)) i++;
  return i;
}
