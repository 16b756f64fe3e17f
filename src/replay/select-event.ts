import type { Addressee } from "../deliver/filter/permission.ts";
import type { ReplaySpec } from "./replay.ts";

type Event = Readonly<Record<string, unknown>>;

/** Whether an archived event is one of those asked for. */
export function isSelected(event: Event, spec: Omit<ReplaySpec, "id">): boolean {
  const { type, event: name, name: pageName, receivedAt } = event;
  const receivedAtMs = typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN;
  if (!(receivedAtMs >= spec.fromMs && receivedAtMs < spec.toMs)) return false;
  if (spec.types !== undefined && !(typeof type === "string" && spec.types.includes(type))) {
    return false;
  }
  if (spec.names === undefined) return true;
  const said = type === "track" ? name : pageName;
  return typeof said === "string" && spec.names.includes(said);
}

/**
 * The event as it is sent again: for this destination only, whatever it said of others. Options that
 * it carries for the destination stay. Copies of raw events are addressed by nothing, so theirs stay
 * as they are.
 */
export function readdressed(event: Event, addressee: Addressee): Event {
  if (addressee.kind === "storage") return event;
  if (addressee.kind === "warehouse") {
    const Warehouses = { all: false, warehouseIds: [addressee.id] };
    return { ...event, integrations: { All: false, Warehouses } };
  }
  const { integrations } = event;
  const said: Readonly<Record<string, unknown>> = isMap(integrations) ? integrations : {};
  const [first = ""] = addressee.names;
  const name = addressee.names.find((each) => isMap(said[each])) ?? first;
  const own = said[name];
  return { ...event, integrations: { All: false, [name]: isMap(own) ? own : true } };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
