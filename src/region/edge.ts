import type { HomeRegion } from "../core/ids.ts";
import { COLOS_BY_COUNTRY } from "./colos.ts";
import { INGEST_REGIONS, type IngestRegion } from "./regions.ts";

/**
 * The edge check. A jurisdiction says where an object runs, not where TLS ends and the Worker reads
 * a request: only the code of the Cloudflare location says that. These are the decisions; whoever
 * serves a request asks them before it reads a body, and again once the key says whose it is.
 */

/** `strict` takes data in its own region only; `transit` also where it is merely read in memory. */
export type EdgePolicy = "strict" | "transit";

export const EDGE_POLICIES: readonly EdgePolicy[] = ["strict", "transit"];

/** What `strict` answers elsewhere: come again (503, SDKs keep their events), or no (403). */
export type EdgeAnswer = "hold" | "reject";

export type EdgeSettings = { readonly policy: EdgePolicy; readonly answer: EdgeAnswer };

/** What became of a request by the place it came in at. */
export type EdgeOutcome = "accepted" | "transit" | "held" | "rejected";

/** Requests of one hour that came in at one place. */
export type EdgeCount = {
  /** Cloudflare's code of the place, or {@link UNKNOWN_COLO}. */
  readonly colo: string;
  readonly outcome: EdgeOutcome;
  /** Start of the hour, epoch ms. */
  readonly hourMs: number;
  readonly count: number;
};

/** What stands in place of a code when a request names none. It is inside no region. */
export const UNKNOWN_COLO = "unknown";

/**
 * Milliseconds after which a held request is worth sending again. The place changes only when the
 * network or the operator's settings do, so this is longer than for a fault.
 */
export const EDGE_RETRY_AFTER_MS = 60_000;

/** What a workspace has unless it says otherwise. */
export const EDGE_DEFAULTS: Readonly<Record<HomeRegion, EdgeSettings>> = {
  eu: { policy: "strict", answer: "hold" },
  us: { policy: "transit", answer: "hold" },
};

/**
 * The member states. The Union's outermost regions have codes of their own (RE, GP, PF and so on)
 * and count as outside: Cloudflare's statements about `eu` do not name them.
 */
export const EU_COUNTRIES: readonly string[] =
  "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

/** The states and the district; territories (PR, GU) have codes of their own and are outside. */
export const US_COUNTRIES: readonly string[] = ["US"];

const HOME_BY_COLO: ReadonlyMap<string, HomeRegion> = new Map([
  ...colosIn(EU_COUNTRIES).map((colo) => [colo, "eu"] as const),
  ...colosIn(US_COUNTRIES).map((colo) => [colo, "us"] as const),
]);

/** The home region that a Cloudflare location lies in; a place that is not in the table has none. */
export function homeOfColo(colo: string): HomeRegion | undefined {
  return HOME_BY_COLO.get(colo);
}

/** The code of the place where a request was read: `request.cf.colo`, whatever that holds. */
export function coloOf(request: object): string {
  const cf = "cf" in request ? request.cf : undefined;
  const colo = typeof cf === "object" && cf !== null && "colo" in cf ? cf.colo : undefined;
  return typeof colo === "string" && /^[A-Z]{3}$/.test(colo) ? colo : UNKNOWN_COLO;
}

/** Whether a workspace in `home` may choose that policy: eu's promise begins at an EU place. */
export function mayChoosePolicy(home: HomeRegion, policy: EdgePolicy): boolean {
  return EDGE_DEFAULTS[home].policy !== "strict" || policy === "strict";
}

/** A workspace's settings over the defaults. What its home may not choose is not taken from it. */
export function edgeSettings(
  home: HomeRegion,
  chosen: { readonly policy?: EdgePolicy | undefined; readonly answer?: EdgeAnswer | undefined },
): EdgeSettings {
  const byDefault = EDGE_DEFAULTS[home];
  const policy = chosen.policy ?? byDefault.policy;
  return {
    policy: mayChoosePolicy(home, policy) ? policy : byDefault.policy,
    answer: chosen.answer ?? byDefault.answer,
  };
}

/** What becomes of a request for a workspace in `home` that came in at `colo`. */
export function judgeEdge(colo: string, home: HomeRegion, settings: EdgeSettings): EdgeOutcome {
  if (homeOfColo(colo) === home) return "accepted";
  if (edgeSettings(home, settings).policy === "transit") return "transit";
  return refusalOutcome(settings.answer);
}

/** How a refusal for the place is counted. */
export function refusalOutcome(answer: EdgeAnswer): "held" | "rejected" {
  return answer === "hold" ? "held" : "rejected";
}

/**
 * The home region that a host takes requests from, whoever they are for; `undefined` for a host
 * that leaves it to the workspace. It is asked before anything of a body is read.
 */
export function strictHomeOf(host: IngestRegion): HomeRegion | undefined {
  const { place } = INGEST_REGIONS[host];
  if (place.kind !== "jurisdiction") return undefined;
  return EDGE_DEFAULTS[place.jurisdiction].policy === "strict" ? place.jurisdiction : undefined;
}

function colosIn(countries: readonly string[]): readonly string[] {
  return countries.flatMap((country) => COLOS_BY_COUNTRY[country]?.split(" ") ?? []);
}
