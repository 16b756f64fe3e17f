type Fetch = typeof globalThis.fetch;

let guarded: Fetch | undefined;

/** Gives the kit the only `fetch` that it may use. */
export function useFetch(fetch: Fetch): void {
  guarded = fetch;
}

/**
 * Stands for `cross-fetch` in the kit. The body goes out as bytes with their length, which is known
 * then to the evidence before anything is sent, and to vendors that take no stream.
 *
 * @throws Error when nobody gave a guarded one: the kit reaches nothing by itself.
 */
export const kitFetch: Fetch = async (input, init) => {
  if (guarded === undefined) throw new Error("Cannot send: the kit was given no guarded fetch");
  const request = new Request(input, init);
  const { url, method, headers, signal } = request;
  const hasBody = request.body !== null;
  const body = hasBody ? { body: await request.arrayBuffer() } : {};
  return guarded(url, { method, headers, signal, ...body });
};
