import { fieldAt, fieldOf, isMap } from "./fields.ts";

type Event = Readonly<Record<string, unknown>>;

/** Segment's documentation of its server SDKs writes `all` as well. */
const ALL_NAMES: readonly string[] = ["All", "all"];

/** How an event's `integrations` object speaks of a destination. */
export type Addressee =
  /** By name, e.g. `Amplitude`, and by `All`. Names are case-sensitive. */
  | { readonly kind: "destination"; readonly names: readonly string[] }
  /** Only by `Warehouses`: `All` does not reach warehouses. */
  | { readonly kind: "warehouse"; readonly id: string }
  /** Not at all: copies of the raw events, as Segment's own S3 destination is. */
  | { readonly kind: "storage" };

/**
 * Whether the person behind the event agreed to all categories that the destination belongs to. An
 * event without a consent object says nothing, so nothing is enforced; one that has it has to say
 * `true` of each category, and a category it does not mention was not agreed to.
 */
export function isConsented(event: Event, categories: readonly string[]): boolean {
  if (categories.length === 0) return true;
  const consent = fieldAt(event, ["context", "consent"]);
  if (consent === undefined) return true;
  const preferences = fieldOf(consent, "categoryPreferences");
  return categories.every((category) => fieldOf(preferences, category) === true);
}

/**
 * Whether the event's `integrations` object lets it go to the destination. What is said of the
 * destination's own name counts more than what is said of all; a value that is neither `true` nor an
 * object of options means no, since whoever wrote it meant to say something.
 */
export function mayReceive(event: Event, addressee: Addressee): boolean {
  const said = fieldOf(event, "integrations");
  if (!isMap(said)) return true;
  switch (addressee.kind) {
    case "storage":
      return true;
    case "warehouse":
      return mayLoad(fieldOf(said, "Warehouses"), addressee.id);
    case "destination": {
      return allowanceOf(said, addressee.names) ?? allowanceOf(said, ALL_NAMES) ?? true;
    }
  }
}

/** Whether all that is said under those names means yes; `undefined` when nothing is said. */
function allowanceOf(said: unknown, names: readonly string[]): boolean | undefined {
  let allowed: boolean | undefined;
  for (const name of names) {
    const value = fieldOf(said, name);
    if (isSaid(value)) allowed = (allowed ?? true) && isYes(value);
  }
  return allowed;
}

function mayLoad(said: unknown, id: string): boolean {
  if (!isSaid(said)) return true;
  if (!isMap(said)) return said === true;
  const ids = fieldOf(said, "warehouseIds");
  if (Array.isArray(ids)) return ids.includes(id);
  const all = ALL_NAMES.map((name) => fieldOf(said, name)).filter(isSaid);
  return ids === undefined && all.every((value) => value === true);
}

function isSaid(value: unknown): boolean {
  return value !== undefined;
}

function isYes(value: unknown): boolean {
  return value === true || isMap(value);
}
