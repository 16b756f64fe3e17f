/** One entry of Cloudflare's list of locations. */
export type Location = { readonly iata: string; readonly cca2: string };

/** Codes of locations by the country (ISO 3166, two letters) they are in, as the file holds them. */
export type ColosByCountry = Readonly<Record<string, string>>;

/** Cloudflare's public list: an array of `{iata, lat, lon, cca2, region, city}`. */
export const LOCATIONS_URL = "https://speed.cloudflare.com/locations";

/** Fewer than that is no whole list; there have been more than 300 for years. */
const LOCATIONS_MIN = 250;

/**
 * The locations of an answer of {@link LOCATIONS_URL}.
 *
 * @throws Error when it is no whole list: a table that lost its places would hold every request.
 */
export function readLocations(answer: unknown): readonly Location[] {
  const entries: readonly unknown[] = Array.isArray(answer) ? answer : [];
  const locations = entries.filter(isLocation);
  if (locations.length !== entries.length || locations.length < LOCATIONS_MIN) {
    throw new Error(
      `Cannot take the list over: ${locations.length} of ${entries.length} entries have a code and a country, wanted all and ${LOCATIONS_MIN} or more`,
    );
  }
  return locations;
}

/** The table of those locations, in the order of texts, so that a change shows as few lines. */
export function groupByCountry(locations: readonly Location[]): ColosByCountry {
  const countries = new Map<string, Set<string>>();
  for (const { iata, cca2 } of locations) {
    countries.set(cca2, (countries.get(cca2) ?? new Set()).add(iata));
  }
  return Object.fromEntries(
    [...countries]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([country, colos]) => [country, inOrder(colos).join(" ")]),
  );
}

function inOrder(colos: ReadonlySet<string>): readonly string[] {
  return [...colos].toSorted((a, b) => (a < b ? -1 : 1));
}

/** What the new table has more, less and elsewhere, one line each, for whoever looks it through. */
export function describeChanges(before: ColosByCountry, after: ColosByCountry): readonly string[] {
  const [old, fresh] = [countryOf(before), countryOf(after)];
  const added = [...fresh].filter(([colo]) => !old.has(colo));
  const gone = [...old].filter(([colo]) => !fresh.has(colo));
  const moved = [...fresh].filter(([colo, country]) => (old.get(colo) ?? country) !== country);
  return [
    ...added.map(([colo, country]) => `+ ${colo} ${country}`),
    ...gone.map(([colo, country]) => `- ${colo} ${country}`),
    ...moved.map(([colo, country]) => `! ${colo} ${old.get(colo) ?? ""} is now ${country}`),
  ];
}

/** The text of `src/region/colos.ts`. */
export function renderColoFile(colos: ColosByCountry, asOf: string, source: string): string {
  const lines = Object.entries(colos).map(([country, codes]) => `  ${country}: "${codes}",`);
  return `${HEAD}
export const COLOS_AS_OF = "${asOf}";

/** Where the list was read. */
export const COLOS_SOURCE = "${source}";

/** Codes of Cloudflare's locations by country, ISO 3166. */
export const COLOS_BY_COUNTRY: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`;
}

const HEAD = `/**
 * Where Cloudflare's locations are. Data only, written by \`node scripts/refresh-colos.ts\` from
 * Cloudflare's own list; src/region/edge.ts says which countries make a region. A place that is
 * missing here counts as outside every region.
 */

/** The day of the list. Cloudflare opens places each month: refresh it before it is a quarter old. */`;

function isLocation(entry: unknown): entry is Location {
  if (typeof entry !== "object" || entry === null) return false;
  if (!("iata" in entry) || !("cca2" in entry)) return false;
  const { iata, cca2 } = entry;
  return (
    typeof iata === "string" &&
    /^[A-Z]{3}$/.test(iata) &&
    typeof cca2 === "string" &&
    /^[A-Z]{2}$/.test(cca2)
  );
}

function countryOf(colos: ColosByCountry): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(colos).flatMap(([country, codes]) =>
      codes.split(" ").map((colo) => [colo, country] as const),
    ),
  );
}
