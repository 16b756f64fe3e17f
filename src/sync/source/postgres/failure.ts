import { sqlState } from "../../../deliver/postgres/failure.ts";
import { NotConnected } from "../../../deliver/postgres/raw-socket.ts";
import { SourceFailure } from "../source.ts";

type Told = readonly [states: RegExp, code: string, message: string, isPassing: boolean];

/**
 * What states of the server mean. Only codes are looked at and the words are ours, because the
 * server's own quote data. The first that fits counts.
 */
const STATES: readonly Told[] = [
  [/^28/, "login_failed", "The database does not let that user in with that password", false],
  [/^3D000$/, "no_such_database", "The server has no database of that name", false],
  [/^3F000$/, "no_such_schema", "The database has no schema of that name", false],
  [/^42P01$/, "no_such_table", "The database has no table of that name", false],
  [/^42703$/, "no_such_column", "The model names a column that is not there", false],
  [/^42501$/, "permission_denied", "The user may not read that", false],
  [/^25006$/, "model_writes", "The model would write, and a source is only read", false],
  [/^42883$/, "function_missing", "The server lacks a function that the model or we need", false],
  [/^42/, "model_refused", "The server does not accept the model as a query", false],
  [/^0A/, "model_refused", "The server does not offer what the model asks for", false],
  [/^22/, "model_failed", "The model fails on a row, e.g. by a cast or a division", false],
  [/^53100$/, "disk_full", "The server has no room left for the query's temporary files", true],
  [
    /^53400$/,
    "limit_exceeded",
    "The query exceeds a limit that the server sets, e.g. temporary files",
    false,
  ],
  [/^53/, "busy", "The server has no connections or memory left", true],
  [/^57014$/, "timed_out", "The server took longer than allowed", true],
  [/^57P/, "cut_off", "The server shut the connection", true],
  [/^55P03$/, "locked", "Somebody else has locked the table", true],
  [/^40/, "conflict", "The server broke off because of a conflict", true],
  [/^08/, "cut_off", "The connection was lost", true],
];

/** What an error of the driver or the socket means. `wasConnected`: whether there was a login before it. */
export function failureOf(error: unknown, wasConnected: boolean): SourceFailure {
  if (error instanceof SourceFailure) return error;
  if (error instanceof NotConnected) {
    return error.reason === "no-tls"
      ? new SourceFailure("no_tls", "The server does not offer TLS", false)
      : new SourceFailure("refused_by_guard", "The host is not known to be in the region", false);
  }
  const state = sqlState(error);
  const told = STATES.find(([states]) => state !== undefined && states.test(state));
  if (told !== undefined) return new SourceFailure(told[1], told[2], told[3]);
  if (state !== undefined) return new SourceFailure("server_failed", "The server failed", true);
  if (isWrongPassword(error)) {
    return new SourceFailure(
      "login_failed",
      "The server could not prove that it knows the user",
      false,
    );
  }
  return wasConnected
    ? new SourceFailure("cut_off", "The connection was lost", true)
    : new SourceFailure(
        "unreachable",
        "Nothing answers at that host and port, or its certificate is not trusted for that name",
        true,
      );
}

/** What is thrown where whoever asked gave up. */
export function aborted(): SourceFailure {
  return new SourceFailure("aborted", "The reading was broken off", true);
}

function isWrongPassword(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error
    ? String(error.code).startsWith("SASL_")
    : false;
}
