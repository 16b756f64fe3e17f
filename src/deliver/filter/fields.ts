/** What events are made of: JSON. Fields are read as an event's own only, never from a prototype. */

/** Whether a value is an object that can have fields. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field of an object, or the member of an array by its number; `undefined` where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined;
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The field at the end of a path; `undefined` where the event has none. */
export function fieldAt(value: unknown, names: readonly string[]): unknown {
  return names.reduce(fieldOf, value);
}

/**
 * The names of a dotted path as filters write it: a backslash takes away the meaning of what comes
 * behind it. `undefined` for a path with an empty name; the empty path has no names.
 */
export function pathNames(path: string): readonly string[] | undefined {
  if (path === "") return [];
  const names = [""];
  for (let at = 0; at < path.length; at++) {
    const char = path[at] ?? "";
    if (char === ".") names.push("");
    else names[names.length - 1] += char === "\\" ? (path[++at] ?? "") : char;
  }
  return names.includes("") ? undefined : names;
}

/** JSON of a value; `undefined` for one that is nested so deeply that the stack does not hold it. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
