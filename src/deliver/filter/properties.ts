import { fieldOf, isMap, pathNames } from "./fields.ts";

type Event = Readonly<Record<string, unknown>>;

/** Fields by the path of the object that has them; `""` is the event itself. */
export type FieldsByPath = Readonly<Record<string, readonly string[]>>;

/** The event without the fields that are named. The event that was given stays as it is. */
export function dropFields(event: Event, fields: FieldsByPath): Event {
  return change(event, fields, (map, names) => without(map, (name) => names.includes(name)));
}

/**
 * The event with no other fields than those named in the objects at these paths; objects at other
 * paths keep all of theirs. The event that was given stays as it is.
 */
export function allowFields(event: Event, fields: FieldsByPath): Event {
  return change(event, fields, (map, names) => without(map, (name) => !names.includes(name)));
}

type Change = (map: Event, names: readonly string[]) => Event;

function change(event: Event, fields: FieldsByPath, each: Change): Event {
  return Object.entries(fields).reduce<Event>((changed, [path, names]) => {
    const steps = pathNames(path);
    // A path that cannot be read was refused when the filter was made.
    if (steps === undefined) return changed;
    return changeAt(changed, steps, (map) => each(map, names)) as Event;
  }, event);
}

/** Copies what lies on the way and nothing else; of a list at the end, every object is changed. */
function changeAt(value: unknown, steps: readonly string[], each: (map: Event) => Event): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) {
    if (Array.isArray(value)) return value.map((one) => (isMap(one) ? each(one) : one));
    return isMap(value) ? each(value) : value;
  }
  const inner = fieldOf(value, step);
  if (typeof inner !== "object" || inner === null) return value;
  const changed = changeAt(inner, rest, each);
  if (Array.isArray(value)) return value.with(Number(step), changed);
  return isMap(value) ? withField(value, step, changed) : value;
}

function withField(map: Event, name: string, value: unknown): Event {
  return Object.fromEntries(
    Object.entries(map).map(([key, own]) => [key, key === name ? value : own]),
  );
}

function without(map: Event, isOut: (name: string) => boolean): Event {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !isOut(name)));
}
