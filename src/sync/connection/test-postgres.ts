import { loginFacts, LOG_SCHEMA, type LoginFacts } from "../source/postgres/catalogue.ts";
import { ENCODING, ENCODING_WORDS } from "../source/postgres/describe.ts";
import { Session } from "../source/postgres/session.ts";
import { SUMS_VERSION_MIN, VERSION_MIN, VERSION_UNIT } from "../source/postgres/versions.ts";
import { SourceFailure } from "../source/source.ts";
import type { TestStep } from "../target/target.ts";
import { databaseLogin, type ConnectionContext, type OpenedConnection } from "./open.ts";
import { databaseHost, databaseRules } from "./settings.ts";

/** What is asked one after the other; the first that fails leaves the others out. */
export const POSTGRES_STEPS = [
  "host_in_region",
  "reachable",
  "tls",
  "login",
  "read",
  "read_only",
  "log_schema",
  "server_version",
  "encoding",
  "checksum",
] as const;
type StepName = (typeof POSTGRES_STEPS)[number];

/** Which step a failure is about. */
const FAILED_AT: Readonly<Record<string, StepName>> = {
  refused_by_guard: "host_in_region",
  no_relay: "reachable",
  relay_refused: "reachable",
  unreachable: "reachable",
  no_tls: "tls",
};

/** Tests a connection for real, in named steps, and writes nothing. */
export async function testPostgres(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const { host, port } = databaseHost(connection);
  const [rule] = databaseRules(connection, connection.region);
  try {
    const { login, dial } = databaseLogin(connection, context);
    const session = new Session(login, dial);
    try {
      const facts = await session.ask(signal, loginFacts);
      const known = rule?.level === "declared" ? "was declared to be" : "shows by its name to be";
      return [
        passed("host_in_region", `${host} ${known} in ${connection.region}.`),
        passed("reachable", `Something answers at port ${port}.`),
        login.useTls
          ? passed("tls", "The server speaks TLS with a certificate of that name.")
          : warned("tls", "This machine's own server is talked to in the clear."),
        passed("login", "The user may log in."),
        ...judgeLogin(facts),
      ];
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    return failedAt(FAILED_AT[error.code] ?? "login", error.message);
  }
}

/** What of a login's rights is as it should be. */
export function judgeLogin(facts: LoginFacts): readonly TestStep[] {
  const version = Math.trunc(facts.version / VERSION_UNIT);
  return [
    facts.canRead
      ? passed("read", "There are tables that the user may read.")
      : failed("read", "Grant the user USAGE on a schema and SELECT on its tables."),
    facts.canWrite
      ? warned("read_only", "The user may change tables; one that may only read them is safer.")
      : passed("read_only", "The user cannot change a table."),
    facts.canLog
      ? passed("log_schema", `A log of syncs can be kept in the schema ${LOG_SCHEMA}.`)
      : skipped("log_schema", "No log can be kept in the database; it goes to the bucket."),
    version >= VERSION_MIN
      ? passed("server_version", `The server is Postgres ${version}.`)
      : failed("server_version", `Postgres ${version} is too old: ${VERSION_MIN} is needed.`),
    facts.encoding === ENCODING
      ? passed("encoding", `The database has the encoding ${ENCODING}.`)
      : failed("encoding", `The database has the encoding ${facts.encoding}; ${ENCODING_WORDS}.`),
    version >= SUMS_VERSION_MIN
      ? passed("checksum", "The server can compute checksums, so that changes alone are read.")
      : warned("checksum", `Before Postgres ${SUMS_VERSION_MIN}, all rows are read in every run.`),
  ];
}

/** Steps before the failed one passed; those after it were not tried. */
function failedAt(step: StepName, message: string): readonly TestStep[] {
  const at = POSTGRES_STEPS.indexOf(step);
  return POSTGRES_STEPS.map((name, place) => {
    if (place < at) return passed(name, "");
    return place === at ? failed(name, `${message}.`) : skipped(name, "Not tried.");
  });
}

function passed(step: StepName, message: string): TestStep {
  return { step, state: "passed", message };
}

function warned(step: StepName, message: string): TestStep {
  return { step, state: "warned", message };
}

function failed(step: StepName, message: string): TestStep {
  return { step, state: "failed", message };
}

function skipped(step: StepName, message: string): TestStep {
  return { step, state: "skipped", message };
}
