import { readObject } from "../core/read-json.ts";
import { usersOf, type EventUsers } from "./event-users.ts";

const decoder = new TextDecoder();

/** One line of a file, and whom it is about. */
export type ReadEvent = {
  readonly event: Readonly<Record<string, unknown>>;
  readonly users: EventUsers;
};

/** The event in a line; `undefined` when it is no JSON object. */
export function readEvent(line: Uint8Array): ReadEvent | undefined {
  const text = decoder.decode(line);
  const event = readObject(text);
  return event === undefined ? undefined : { event, users: usersOf(event, text) };
}
