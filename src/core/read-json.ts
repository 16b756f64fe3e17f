/** What a text of somebody else's says as JSON; `undefined` when it is none. The text is quoted nowhere. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
