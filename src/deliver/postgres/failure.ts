import type { DeliveryOutcome } from "../deliverer.ts";
import { NotConnected } from "./raw-socket.ts";

/** Classes of SQLSTATE that are about what a batch holds: the same batch never loads. */
const DATA_CLASSES: readonly string[] = ["22", "23", "54"];
/** Classes and codes that are about the account or the database as it is set up. */
const SETUP = /^(?:28...|3D000|3F000|42501|42P10|42P17|0LP01)$/;
/** Tables or columns are not as they were when they were looked up. */
const STALE = /^(?:42P01|42703|42P07|42701|42804|42710|42P06|22P02|0A000)$/;

/** Codes of the server's; a socket's own, e.g. `EPIPE`, are as long. */
const STATE = /^(?:\d[0-9A-Z]{4}|(?:F0|HV|P0|XX)[0-9A-Z]{3})$/;

/** SQLSTATE of an error of the server's; `undefined` for any other error. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  const { code } = error;
  return typeof code === "string" && STATE.test(code) ? code : undefined;
}

/** Whether to look up tables and columns again before anything else is concluded. */
export function isStale(error: unknown): boolean {
  return STALE.test(sqlState(error) ?? "");
}

/**
 * What an error means for the events. The text of the server's errors quotes data, so only their code
 * is looked at. A wrong password or a missing right is tried again: it can be put right.
 */
export function outcomeOfError(error: unknown, isTimeUp: boolean): DeliveryOutcome {
  if (error instanceof NotConnected) return { kind: "retry", code: "INVALID_SETTINGS" };
  const state = sqlState(error);
  if (isTimeUp || state === "57014") return { kind: "retry", code: "ETIMEDOUT" };
  if (state === undefined) return { kind: "retry", code: "ECONNRESET" };
  if (SETUP.test(state)) return { kind: "retry", code: "INVALID_SETTINGS" };
  if (DATA_CLASSES.includes(state.slice(0, 2))) {
    return { kind: "rejected", code: "MESSAGE_REJECTED" };
  }
  return { kind: "retry", code: "RETRY" };
}
