/**
 * The platform's own `fetch`, which nothing but the guard may use. Until the guard is installed it is
 * the global one; afterwards the global one is the guard's.
 */
type Fetch = typeof fetch;

let own: Fetch | undefined;

/** Sends a request that was judged before. */
export function outsideFetch(request: Request, init: RequestInit): Promise<Response> {
  return own === undefined ? fetch(request, init) : own(request, init);
}

/** Puts `guarded` in the place of the global `fetch`, once for the isolate. */
export function replaceFetch(guarded: Fetch): void {
  if (own !== undefined) return;
  own = globalThis.fetch.bind(globalThis);
  globalThis.fetch = guarded;
}
