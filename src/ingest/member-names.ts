/** The member names the tracking API looks at, in an envelope, in an event and in its context. */
const NAMES = [
  "type",
  "messageId",
  "timestamp",
  "originalTimestamp",
  "receivedAt",
  "sentAt",
  "writeKey",
  "projectId",
  "channel",
  "version",
  "context",
  "integrations",
  "userId",
  "anonymousId",
  "previousId",
  "groupId",
  "event",
  "properties",
  "traits",
  "name",
  "category",
  "batch",
  "ip",
  "direct",
] as const;

export type MemberName = (typeof NAMES)[number];

/** How many names are known; their numbers run from 0. */
export const NAME_COUNT = NAMES.length;

/** The number of a name that is not looked at. */
export const OTHER = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLOTS_PER_LENGTH = 32;

/** The number of each name, for tables indexed by it. */
export const NAME: Readonly<Record<MemberName, number>> = Object.fromEntries(
  NAMES.map((name, number) => [name, number]),
) as Record<MemberName, number>;

const LENGTH_MAX = Math.max(...NAMES.map((name) => name.length));
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const BYTES: readonly Uint8Array[] = NAMES.map((name) => encoder.encode(name));

/**
 * The one candidate for a name, by its length and its third byte (the closing quote for `ip`). No two
 * names share a slot; the table is checked when it is made.
 */
const CANDIDATES = new Int8Array((LENGTH_MAX + 1) * SLOTS_PER_LENGTH).fill(OTHER);
for (const [number, bytes] of BYTES.entries()) {
  const slot = slotOf(bytes.length, bytes[2] ?? QUOTE);
  if (CANDIDATES[slot] !== OTHER) {
    throw new Error(`Cannot tell names apart: "${NAMES[number]}" shares its slot`);
  }
  CANDIDATES[slot] = number;
}

const BY_TEXT: ReadonlyMap<string, number> = new Map(NAMES.map((name, number) => [name, number]));

/**
 * The number of the name whose JSON string stands in `bytes` from `at` to `end`, quotes included, or
 * {@link OTHER}. A name written with escapes is the name it stands for, as `JSON.parse` has it.
 */
export function nameAt(bytes: Uint8Array, at: number, end: number): number {
  const length = end - at - 2;
  if (length <= LENGTH_MAX) {
    const number = CANDIDATES[slotOf(length, bytes[at + 3] ?? QUOTE)] ?? OTHER;
    const wanted = BYTES[number];
    if (wanted !== undefined && isSame(bytes, at + 1, wanted)) return number;
  }
  return hasBackslash(bytes, at, end) ? (BY_TEXT.get(nameText(bytes, at, end)) ?? OTHER) : OTHER;
}

/** The name as text, escapes resolved. */
export function nameText(bytes: Uint8Array, at: number, end: number): string {
  return JSON.parse(decoder.decode(bytes.subarray(at, end))) as string;
}

function slotOf(length: number, third: number): number {
  return length * SLOTS_PER_LENGTH + (third & (SLOTS_PER_LENGTH - 1));
}

function isSame(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[at + i] !== wanted[i]) return false;
  }
  return true;
}

function hasBackslash(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) {
    if (bytes[i] === BACKSLASH) return true;
  }
  return false;
}
