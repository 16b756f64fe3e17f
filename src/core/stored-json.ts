/**
 * Reads JSON that this project itself wrote: a column of a table, a note, a line of the log. The
 * caller names the type, since nobody else can have written it.
 *
 * @throws Error when it does not parse. What `JSON.parse` says quotes its input, which may be an
 * event, and an error of an object reaches the platform's logs: so its words and its cause are dropped.
 */
export function readStored<T>(json: string): T {
  try {
    return JSON.parse(json) as T;
  } catch {
    throw new Error("Cannot read what was stored: it is not JSON");
  }
}
