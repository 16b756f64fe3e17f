import { err, ok, type Result } from "../core/result.ts";
import {
  byteAt,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  MALFORMED,
  OPEN_ARRAY,
  OPEN_OBJECT,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  TOO_DEEP,
} from "./json-scan.ts";
import { NAME, nameAt } from "./member-names.ts";
import { Items, Members } from "./members.ts";

/**
 * A request's body, found to be JSON, and where its parts stand in it. Values are not built: events
 * are kept as they were sent, so places in the bytes are all that is needed.
 */
export type Payload = {
  /** The body, and a few NULs behind it. */
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

/**
 * NULs after the body, so that no scan ever reads past the end of its array: one such read makes
 * V8 guard every later one in the isolate, and scanning then takes 2.5 times as long (measured).
 */
const PADDING_BYTES = 8;

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
  const bytes = new Uint8Array(body.length + PADDING_BYTES);
  bytes.set(body);
  const envelope = new Members();
  const items = new Items();
  const shared = new Members();
  const scan = new Scan(bytes, envelope, items, shared);
  const mark = bytes[0] === BYTE_ORDER_MARK ? BYTE_ORDER_MARK_BYTES : 0;
  const start = skipSpace(bytes, mark);
  const isObject = byteAt(bytes, start) === OPEN_OBJECT;
  const end = !isObject
    ? skipValue(bytes, start, 0)
    : shape === "batch"
      ? scan.envelope(start)
      : scan.item(start, 0);
  if (end === TOO_DEEP) return err({ kind: "too-deep" });
  if (end < 0 || skipSpace(bytes, end) !== body.length) return err({ kind: "malformed" });
  if (!isObject) return err({ kind: "not-object" });
  if (shape === "batch" && !scan.hasBatch) return err({ kind: "no-batch" });
  const isAscii = decoded.length === body.length;
  const text = isAscii ? decoded : byteDecoder.decode(body);
  const hasBreaks = text.includes("\n") || text.includes("\r");
  return ok({ bytes, text, isAscii, hasBreaks, envelope, shared, items });
}

/** The members of the object at `at` of bytes that are known to be JSON; none for another value. */
export function membersAt(bytes: Uint8Array, at: number): Members {
  const members = new Members();
  if (byteAt(bytes, at) === OPEN_OBJECT) {
    new Scan(bytes, members, new Items(), new Members()).plain(at);
  }
  return members;
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

/** Which object is being walked. */
const ENVELOPE = 0;
const EVENT = 1;
const CONTEXT = 2;

/** One walk over the bytes. Of members that come twice the last one counts, as in `JSON.parse`. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #envelope: Members;
  readonly #items: Items;
  readonly #shared: Members;
  #contextFirst = 0;
  hasBatch = false;

  constructor(bytes: Uint8Array, envelope: Members, items: Items, shared: Members) {
    this.#bytes = bytes;
    this.#envelope = envelope;
    this.#items = items;
    this.#shared = shared;
  }

  envelope(at: number): number {
    return this.#members(at, 0, this.#envelope, ENVELOPE);
  }

  plain(at: number): number {
    return this.#members(at, 0, this.#envelope, CONTEXT);
  }

  /** Records the event at `at`; anything but an object is recorded without members. */
  item(at: number, depth: number): number {
    const items = this.#items;
    const first = items.members.count;
    this.#contextFirst = items.contexts.count;
    const end = this.#isObject(at)
      ? this.#members(at, depth, items.members, EVENT)
      : skipValue(this.#bytes, at, depth);
    items.starts.push(at);
    items.ends.push(end);
    items.firsts.push(first);
    items.lasts.push(items.members.count);
    items.contextFirsts.push(this.#contextFirst);
    items.contextLasts.push(items.contexts.count);
    return end;
  }

  #batch(at: number): number {
    const bytes = this.#bytes;
    let i = skipSpace(bytes, at + 1);
    if (byteAt(bytes, i) === CLOSE_ARRAY) return i + 1;
    for (;;) {
      i = this.item(i, 2);
      if (i < 0) return i;
      i = skipSpace(bytes, i);
      const byte = byteAt(bytes, i);
      if (byte === CLOSE_ARRAY) return i + 1;
      if (byte !== COMMA) return MALFORMED;
      i = skipSpace(bytes, i + 1);
    }
  }

  /** Records the members of the object at `at`, and returns its end or a negative number. */
  #members(at: number, depth: number, into: Members, kind: number): number {
    const bytes = this.#bytes;
    let i = skipSpace(bytes, at + 1);
    if (byteAt(bytes, i) === CLOSE_OBJECT) return i + 1;
    for (;;) {
      const start = i;
      const nameEnd = skipString(bytes, start);
      if (nameEnd < 0) return nameEnd;
      const name = nameAt(bytes, start, nameEnd);
      const value = skipColon(bytes, nameEnd);
      if (value < 0) return value;
      const isWalked = kind !== CONTEXT && (name === NAME.context || name === NAME.batch);
      i = isWalked ? this.#inner(name, value, depth + 1, kind) : skipValue(bytes, value, depth + 1);
      if (i < 0) return i;
      into.add(name, start, nameEnd, value, i);
      i = skipSpace(bytes, i);
      const byte = byteAt(bytes, i);
      if (byte === CLOSE_OBJECT) return i + 1;
      if (byte !== COMMA) return MALFORMED;
      i = skipSpace(bytes, i + 1);
    }
  }

  /** Walks a value that has members or events of its own to record. */
  #inner(name: number, at: number, depth: number, kind: number): number {
    if (kind === ENVELOPE && name === NAME.batch) {
      this.#items.clear();
      this.hasBatch = byteAt(this.#bytes, at) === OPEN_ARRAY;
      if (this.hasBatch) return this.#batch(at);
    } else if (name === NAME.context) {
      const into = kind === ENVELOPE ? this.#shared : this.#items.contexts;
      if (kind === ENVELOPE) into.truncate(0);
      else this.#contextFirst = into.count;
      if (this.#isObject(at)) return this.#members(at, depth, into, CONTEXT);
    }
    return skipValue(this.#bytes, at, depth);
  }

  #isObject(at: number): boolean {
    return byteAt(this.#bytes, at) === OPEN_OBJECT;
  }
}
