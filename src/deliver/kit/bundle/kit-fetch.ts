type Fetch = typeof globalThis.fetch;

let guarded: Fetch | undefined;

/** Gives the kit the only `fetch` that it may use. */
export function useFetch(fetch: Fetch): void {
  guarded = fetch;
}

/**
 * Stands for `cross-fetch` in the kit.
 *
 * @throws Error when nobody gave a guarded one: the kit reaches nothing by itself.
 */
export const kitFetch: Fetch = (input, init) => {
  if (guarded === undefined) throw new Error("Cannot send: the kit was given no guarded fetch");
  return guarded(input, init);
};
