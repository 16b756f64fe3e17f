/**
 * Bytes of requests that are on their way into some log of this isolate. An isolate has 128 MB and
 * may hold several queues, so the account is the module's, not the queue's.
 */
const IN_FLIGHT_BYTES_MAX = 24_000_000;

let inFlightBytes = 0;

/** Reserves room for one request, or says that there is none. Give it back with {@link release}. */
export function reserve(bytes: number): boolean {
  // One request alone always fits: its size is bounded before it gets here.
  if (inFlightBytes > 0 && inFlightBytes + bytes > IN_FLIGHT_BYTES_MAX) return false;
  inFlightBytes += bytes;
  return true;
}

/** Gives back what {@link reserve} took. */
export function release(bytes: number): void {
  inFlightBytes -= bytes;
}
