import { shardOf } from "../workspace/source-config.ts";
import { PRINT_BYTES, USER_HASH_BYTES, USER_HASHES_PER_EVENT, type Append } from "./append.ts";

const USERS_BYTES = USER_HASH_BYTES * USER_HASHES_PER_EVENT;
const ANONYMOUS_AT = 2 * USER_HASH_BYTES;

/**
 * The parts of an append that belong to each of `shards` queues: by userId, else by anonymousId, so
 * that one user's events stay together and in order. Every event has one of the two. What the
 * request is counted for goes with the first part; with one shard nothing is copied.
 */
export function splitAppend(append: Append, shards: number): ReadonlyMap<number, Append> {
  const { lines, ends, prints, users } = append;
  if (shards === 1 || ends.length === 0) return new Map([[0, append]]);
  const events = new Map<number, number[]>();
  for (let event = 0; event < ends.length; event++) {
    const shard = shardOf(userKeyOf(users, event), shards);
    const own = events.get(shard);
    if (own === undefined) events.set(shard, [event]);
    else own.push(event);
  }
  const [first] = events.keys();
  const { edge, ...each } = append;
  return new Map(
    Array.from(events, ([shard, own]) => [
      shard,
      {
        ...each,
        ...(shard === first && edge !== undefined ? { edge } : {}),
        ...pick(own, lines, ends),
        prints: pickFixed(own, prints, PRINT_BYTES),
        users: pickFixed(own, users, USERS_BYTES),
        refused: shard === first ? append.refused : {},
        noted: shard === first ? (append.noted ?? {}) : {},
      },
    ]),
  );
}

/** The hash an event's shard is chosen by: of its userId, or of its anonymousId when it has none. */
function userKeyOf(users: Uint8Array, event: number): number {
  const at = event * USERS_BYTES;
  const hasUserId = users.subarray(at, at + USER_HASH_BYTES).some((byte) => byte !== 0);
  const from = hasUserId ? at : at + ANONYMOUS_AT;
  const byte = (i: number): number => users[from + i] ?? 0;
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}

function pick(
  events: readonly number[],
  lines: Uint8Array,
  ends: Uint32Array,
): Pick<Append, "lines" | "ends"> {
  const spans = events.map((event) => [ends[event - 1] ?? 0, ends[event] ?? 0] as const);
  const picked = new Uint8Array(spans.reduce((sum, [from, to]) => sum + to - from, 0));
  const pickedEnds = new Uint32Array(spans.length);
  let at = 0;
  for (const [i, [from, to]] of spans.entries()) {
    picked.set(lines.subarray(from, to), at);
    at += to - from;
    pickedEnds[i] = at;
  }
  return { lines: picked, ends: pickedEnds };
}

function pickFixed(events: readonly number[], from: Uint8Array, bytes: number): Uint8Array {
  const picked = new Uint8Array(events.length * bytes);
  for (const [i, event] of events.entries()) {
    picked.set(from.subarray(event * bytes, (event + 1) * bytes), i * bytes);
  }
  return picked;
}
