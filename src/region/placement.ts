import type { HomeRegion } from "../core/ids.ts";
import { formatName, parseName, placeOf, type ObjectName } from "./object-names.ts";
import type { Place } from "./regions.ts";

/**
 * Whether objects are pinned by Cloudflare's jurisdictions. `simulated` is for workerd on a
 * developer's machine, which refuses `jurisdiction()`; parseConfig rejects it anywhere else.
 */
export type Jurisdictions = "enforced" | "simulated";

/** What a simulated object's name begins with; it stands where the jurisdiction would. */
const SIMULATED = "simulated";

/** What is used of a `DurableObjectNamespace`, so that a test can stand in for the platform. */
export type Namespace<Stub> = {
  jurisdiction(jurisdiction: HomeRegion): Namespace<Stub>;
  getByName(name: string, options?: { locationHint?: "apac" | "oc" }): Stub;
};

/**
 * The only way to an object: no other file may call `.jurisdiction()`, `.idFromName()`, `.get()` or
 * `.getByName()` on a namespace (the architecture test holds it). There is no fall-back: when the
 * platform refuses the jurisdiction, the call throws and nothing is reached.
 */
export function locate<Stub>(
  namespace: Namespace<Stub>,
  name: ObjectName,
  jurisdictions: Jurisdictions,
): Stub {
  const place = placeOf(name);
  if (jurisdictions === "simulated") {
    return namespace.getByName(`${SIMULATED}:${placeText(place)}:${formatName(name)}`);
  }
  return place.kind === "jurisdiction"
    ? namespace.jurisdiction(place.jurisdiction).getByName(formatName(name))
    : namespace.getByName(formatName(name), { locationHint: place.hint });
}

/** What an object knows of itself: `ctx.id`, narrowed to what is compared. */
export type SelfId = { readonly name?: string; readonly jurisdiction?: string };

/** Where an object found itself, and whether that is evidence or only a simulation. */
export type Standing = {
  readonly name: ObjectName;
  readonly place: Place;
  readonly evidence: "jurisdiction" | "best-effort" | "none";
};

/**
 * Called by every object before it serves: the name it was reached by against where it runs.
 *
 * @throws Error `outside_jurisdiction` when they differ; the object then refuses everything.
 */
export function standing(id: SelfId, jurisdictions: Jurisdictions): Standing {
  const text = id.name;
  if (text === undefined) throw misplaced("it was reached without a name");
  if (jurisdictions === "simulated") return simulatedStanding(id, text);
  const name = parseName(text);
  if (name === undefined) throw misplaced("its name is not one of ours");
  const place = placeOf(name);
  const wanted = place.kind === "jurisdiction" ? place.jurisdiction : undefined;
  if (id.jurisdiction !== wanted) {
    throw misplaced(
      `it runs in ${id.jurisdiction ?? "no jurisdiction"}, wanted ${wanted ?? "none"}`,
    );
  }
  return { name, place, evidence: place.kind === "jurisdiction" ? "jurisdiction" : "best-effort" };
}

function simulatedStanding(id: SelfId, text: string): Standing {
  const [prefix, placeName, ...rest] = text.split(":");
  const name = parseName(rest.join(":"));
  if (prefix !== SIMULATED || name === undefined) throw misplaced("its name is not one of ours");
  const place = placeOf(name);
  if (placeText(place) !== placeName || id.jurisdiction !== undefined) {
    throw misplaced(`its name says ${placeName ?? "nothing"}, wanted ${placeText(place)}`);
  }
  return { name, place, evidence: "none" };
}

/**
 * What an object reports of where it found itself: `jurisdiction:eu`, `hint:apac`, or
 * `simulated:eu`, which is no evidence.
 */
export function standingText({ place, evidence }: Standing): string {
  return `${evidence === "none" ? SIMULATED : place.kind}:${placeText(place)}`;
}

function placeText(place: Place): string {
  return place.kind === "jurisdiction" ? place.jurisdiction : place.hint;
}

function misplaced(why: string): Error {
  return new Error(`outside_jurisdiction: This object refuses to serve because ${why}`);
}
