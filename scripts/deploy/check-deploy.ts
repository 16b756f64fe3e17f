import { parseConfig, type Vars } from "../../src/config.ts";
import { COLOS_AS_OF } from "../../src/region/colos.ts";
import { strictHomeOf } from "../../src/region/edge.ts";

/** What speaks against a deployment, and what is worth knowing before it. */
export type DeployCheck = {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
};

const DAY_MS = 86_400_000;

/** Cloudflare opens several places a quarter; each that the table lacks counts as outside. */
const COLOS_DAYS_MAX = 90;

/**
 * Stands where secrets will: they are set apart and nobody can read them back, so their own checks
 * are made by the Worker at its first request.
 */
const SECRETS: Vars = {
  OPERATOR_TOKEN: "0".repeat(64),
  WRITE_KEY_SECRETS_US: `1:${"A".repeat(43)}=`,
  WRITE_KEY_SECRETS_EU: `1:${"A".repeat(43)}=`,
  SEALING_KEYS_US: `1:${"A".repeat(43)}=`,
  SEALING_KEYS_EU: `1:${"A".repeat(43)}=`,
  S3_ACCESS_KEY_ID_US: "unknown",
  S3_SECRET_ACCESS_KEY_US: "unknown",
  S3_ACCESS_KEY_ID_EU: "unknown",
  S3_SECRET_ACCESS_KEY_EU: "unknown",
};

/**
 * Checks the vars of a deployment as the Worker will, and that each strict host is declared to be
 * under Regional Services or its loss is accepted.
 *
 * @param acceptEdgeLoss the value of `ACCEPT_EDGE_LOSS`; only `yes` accepts.
 */
export function checkDeploy(
  vars: Vars,
  acceptEdgeLoss: string | undefined,
  nowMs: number,
): DeployCheck {
  const notes = [
    "Secrets cannot be read here; GET /health fails after the deployment if one is wrong.",
  ];
  const ageDays = Math.floor((nowMs - Date.parse(COLOS_AS_OF)) / DAY_MS);
  if (ageDays > COLOS_DAYS_MAX) {
    notes.push(
      `The table of Cloudflare's places is ${ageDays} days old, and a place that it lacks counts as outside: run node scripts/refresh-colos.ts.`,
    );
  }
  const settings = read(vars);
  if ("problems" in settings) return { problems: settings.problems, notes };
  const { hosts, regionalServices } = settings.config;
  const open = [...hosts].flatMap(([host, ingest]) => {
    const home = strictHomeOf(ingest);
    return home === undefined || regionalServices.has(host) ? [] : [{ host, home }];
  });
  if (acceptEdgeLoss !== "yes") return { problems: open.map(describeOpenHost), notes };
  const accepted = open.map(
    ({ host, home }) =>
      `${host} is deployed without Regional Services, as ACCEPT_EDGE_LOSS=yes says: what comes in outside ${home} is not taken.`,
  );
  return { problems: [], notes: [...notes, ...accepted] };
}

function describeOpenHost({
  host,
  home,
}: {
  readonly host: string;
  readonly home: string;
}): string {
  return `${host} takes requests only at Cloudflare's places in ${home}, and REGIONAL_SERVICES does not name it.
  What would happen: without Regional Services each request is decrypted at the place nearest to its sender. Outside ${home} it is answered 503 outside_region without being read. SDKs keep such events and try again, and lose them when their memory or their attempts run out.
  What to do: put the host under Regional Services (docs/residency.md says how) and set REGIONAL_SERVICES = "${host}=${home}" under [vars] in wrangler.toml. Or accept that loss: ACCEPT_EDGE_LOSS=yes npm run deploy`;
}

function read(
  vars: Vars,
): { readonly config: ReturnType<typeof parseConfig> } | { readonly problems: readonly string[] } {
  try {
    return { config: parseConfig({ ...SECRETS, ...vars }) };
  } catch (error) {
    const [, ...problems] = error instanceof Error ? error.message.split("\n- ") : [];
    if (problems.length === 0) throw error;
    return { problems };
  }
}
