import { idText } from "../ingest/event-view.ts";

/** The ids that an archived event names its users by, as text; absent ones are left out. */
export type EventUsers = {
  readonly userIds: readonly string[];
  readonly anonymousIds: readonly string[];
};

type Parsed = Readonly<Record<string, unknown>>;

/**
 * Whom a parsed event is about, in the spelling ids are hashed by when they come in. `line` is its
 * JSON: a number that JavaScript cannot hold exactly is read from there, digit by digit.
 */
export function usersOf(event: Parsed, line: string): EventUsers {
  const names = ["userId", "previousId", "anonymousId"];
  const exact = names.some((name) => isInexact(event[name])) ? readExact(line, names) : event;
  const textOf = (name: string): readonly string[] => {
    const id = exact[name];
    const text = typeof id === "number" ? String(id) : id;
    return typeof text === "string" && text !== "" ? [text] : [];
  };
  return {
    userIds: [...textOf("userId"), ...textOf("previousId")],
    anonymousIds: textOf("anonymousId"),
  };
}

function isInexact(id: unknown): boolean {
  if (typeof id !== "number") return false;
  return Object.is(id, -0) || (Number.isInteger(id) && !Number.isSafeInteger(id));
}

/** The event parsed again, with the named numbers of all its objects as the text of an id. */
function readExact(line: string, names: readonly string[]): Parsed {
  const keepText = (
    name: string,
    value: unknown,
    context?: { readonly source?: string },
  ): unknown =>
    typeof value === "number" && names.includes(name) && context?.source !== undefined
      ? idText(context.source)
      : value;
  return JSON.parse(line, keepText) as Parsed;
}
