import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { COLOS_BY_COUNTRY } from "../src/region/colos.ts";
import {
  describeChanges,
  groupByCountry,
  LOCATIONS_URL,
  readLocations,
  renderColoFile,
} from "./edge/colo-file.ts";

/**
 * Writes `src/region/colos.ts` anew from Cloudflare's list and prints what changed. Look the changes
 * through, run the tests, deploy: until then a new place counts as outside.
 */
const FILE = fileURLToPath(new URL("../src/region/colos.ts", import.meta.url));
/** Long enough for a slow line; the list has 60 KB. */
const ANSWER_MS_MAX = 30_000;

const response = await fetch(LOCATIONS_URL, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
if (!response.ok) throw new Error(`Cannot read ${LOCATIONS_URL}: ${response.status}`);
const colos = groupByCountry(readLocations(await response.json()));
const changes = describeChanges(COLOS_BY_COUNTRY, colos);
const today = new Date().toISOString().slice(0, 10);
await writeFile(FILE, renderColoFile(colos, today, LOCATIONS_URL));
console.log(changes.length === 0 ? "Nothing changed but the date." : changes.join("\n"));
