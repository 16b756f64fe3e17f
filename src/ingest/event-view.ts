import { NAME_COUNT } from "./member-names.ts";
import type { Payload } from "./payload.ts";

const LETTER_N = 0x6e;
const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const NOT_ASCII = /[^\0-\x7f]/;
/** Two quotes. */
const EMPTY_STRING_BYTES = 2;
const WHOLE_NUMBER = /^-?\d+$/;

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** What a value is, by its first byte. */
export type ValueKind = "absent" | "null" | "string" | "number" | "object" | "other";

/**
 * One event of a payload at a time: where its known members stand. One view serves a whole request,
 * because a table per event cost more than reading it.
 */
export class EventView {
  readonly payload: Payload;
  /** Index of the member that counts, by name; negative when the event has none. */
  readonly #members = new Int32Array(NAME_COUNT);
  #index = 0;

  constructor(payload: Payload) {
    this.payload = payload;
  }

  get index(): number {
    return this.#index;
  }

  /** Turns to the event of that index. */
  show(index: number): void {
    const { items } = this.payload;
    const { members } = items;
    this.#index = index;
    this.#members.fill(-1);
    const last = items.last(index);
    for (let i = items.first(index); i < last; i++) {
      const name = members.name(i);
      if (name >= 0) this.#members[name] = i;
    }
  }

  /** Whether the item in view is an object at all. */
  get isObject(): boolean {
    return kindAt(this.payload, this.payload.items.start(this.#index)) === "object";
  }

  /** The index of the member that counts for a name, negative when there is none. */
  member(name: number): number {
    return this.#members[name] ?? -1;
  }

  kind(name: number): ValueKind {
    const member = this.member(name);
    return member < 0 ? "absent" : kindAt(this.payload, this.payload.items.members.value(member));
  }

  /** Whether the name is missing or `null`: SDKs send `null` for ids they do not have. */
  isAbsent(name: number): boolean {
    const kind = this.kind(name);
    return kind === "absent" || kind === "null";
  }

  /** Bytes of the JSON of a member's value; 0 when there is none. */
  bytes(name: number): number {
    const member = this.member(name);
    if (member < 0) return 0;
    const { members } = this.payload.items;
    return members.end(member) - members.value(member);
  }

  /** Whether the member is the empty string. */
  isEmpty(name: number): boolean {
    return this.bytes(name) === EMPTY_STRING_BYTES && this.kind(name) === "string";
  }

  /** The JSON text of a member's value; empty when there is none. */
  raw(name: number): string {
    const member = this.member(name);
    if (member < 0) return "";
    const { members } = this.payload.items;
    return rawText(this.payload, members.value(member), members.end(member));
  }

  /** The value of a string member, or `undefined` when it is none. */
  string(name: number): string | undefined {
    return this.kind(name) === "string" ? unquote(this.raw(name)) : undefined;
  }

  /** An id as it is compared and hashed; `undefined` when absent, empty or no id. */
  id(name: number): string | undefined {
    const kind = this.kind(name);
    if (kind !== "string" && kind !== "number") return undefined;
    const text = idText(this.raw(name));
    return text === "" ? undefined : text;
  }
}

/**
 * The text an id is known by, from its JSON. A whole number is its digits, however many, so that
 * `12345678901234567890` and `"12345678901234567890"` are one user; another number is what
 * JavaScript calls it.
 */
export function idText(json: string): string {
  if (json.charCodeAt(0) === QUOTE) return unquote(json);
  return WHOLE_NUMBER.test(json) ? json : String(Number(json));
}

export function kindAt(payload: Payload, at: number): ValueKind {
  const byte = payload.bytes[at] ?? 0;
  if (byte === QUOTE) return "string";
  if (byte === 0x7b) return "object";
  if (byte === LETTER_N) return "null";
  return byte === MINUS || (byte >= ZERO && byte <= NINE) ? "number" : "other";
}

/** The text of a span of the payload. */
export function rawText(payload: Payload, at: number, end: number): string {
  const text = payload.text.slice(at, end);
  return payload.isAscii || !NOT_ASCII.test(text)
    ? text
    : decoder.decode(payload.bytes.subarray(at, end));
}

function unquote(json: string): string {
  return json.includes("\\") ? (JSON.parse(json) as string) : json.slice(1, -1);
}
