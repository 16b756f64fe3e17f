import { native, nativeBytes } from "../core/native/native.ts";

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

/** As the module lays out its tables: slots for each length of a name, and bytes for each name. */
const SLOTS_PER_LENGTH = 32;
const NAME_STRIDE = 32;
const NAME_BYTES_MAX = 24;

/** The number of each name, for tables indexed by it. */
export const NAME: Readonly<Record<MemberName, number>> = Object.fromEntries(
  NAMES.map((name, number) => [name, number]),
) as Record<MemberName, number>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Tells the native module the names and their numbers. It finds the one candidate for a name by its
 * length and its third byte (the closing quote for `ip`).
 *
 * @throws Error when two names share a slot, or one is too long: a mistake in the list above.
 */
export function teachNames(): void {
  const bytes = nativeBytes();
  const namesAt = native.namesAt.value as number;
  const candidates = new Int8Array((NAME_BYTES_MAX + 1) * SLOTS_PER_LENGTH).fill(OTHER);
  for (const [number, text] of NAMES.entries()) {
    const name = encoder.encode(text);
    const slot = name.length * SLOTS_PER_LENGTH + ((name[2] ?? QUOTE) & (SLOTS_PER_LENGTH - 1));
    if (name.length > NAME_BYTES_MAX || candidates[slot] !== OTHER) {
      throw new Error(`Cannot tell names apart: "${text}" shares its slot or is too long`);
    }
    candidates[slot] = number;
    bytes[namesAt + number * NAME_STRIDE] = name.length;
    bytes.set(name, namesAt + number * NAME_STRIDE + 1);
  }
  bytes.set(new Uint8Array(candidates.buffer), native.candidatesAt.value as number);
}

/** The name as text, escapes resolved. */
export function nameText(bytes: Uint8Array, at: number, end: number): string {
  return JSON.parse(decoder.decode(bytes.subarray(at, end))) as string;
}
