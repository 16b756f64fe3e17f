/** A source's rate at one of its queues: how much may still come in, as of an instant. */
export type TokenBucket = { readonly tokens: number; readonly atMs: number };

/** A bucket holds this many seconds of its rate, and never less than one full batch. */
const BURST_SECONDS = 2;
const BURST_EVENTS_MIN = 2_500;

/** A full bucket. */
export function fullBucket(ratePerSecond: number, nowMs: number): TokenBucket {
  return { tokens: burst(ratePerSecond), atMs: nowMs };
}

/**
 * Takes `events` tokens. A request is let in whole as long as anything is left, and what it takes
 * beyond that is owed: splitting a batch would make the client send it all again.
 *
 * @returns the bucket afterwards, or how long to wait until a request is let in again.
 */
export function takeTokens(
  bucket: TokenBucket,
  events: number,
  ratePerSecond: number,
  nowMs: number,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  const tokens = Math.min(burst(ratePerSecond), bucket.tokens + (passedMs / 1000) * ratePerSecond);
  const atMs = Math.max(nowMs, bucket.atMs);
  if (tokens <= 0) {
    return {
      bucket: { tokens, atMs },
      waitMs: Math.max(1, Math.ceil(((1 - tokens) / ratePerSecond) * 1000)),
    };
  }
  return { bucket: { tokens: tokens - events, atMs }, waitMs: 0 };
}

function burst(ratePerSecond: number): number {
  return Math.max(BURST_EVENTS_MIN, ratePerSecond * BURST_SECONDS);
}
