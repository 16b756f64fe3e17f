import { workspaceOf, type HomeRegion } from "../../core/ids.ts";
import type { DatabaseLogin } from "../../deliver/postgres/client.ts";
import type { Dial } from "../../deliver/postgres/raw-socket.ts";
import type { EgressContext, EgressObserver } from "../../egress/guard.ts";
import type { Relay } from "../../region/host-settings.ts";
import { Bucket } from "../../s3/bucket.ts";
import type { RoleSession } from "../../s3/role-session.ts";
import type { RoleToAssume } from "../../s3/sts.ts";
import { SourceFailure } from "../source/source.ts";
import type { Connection } from "./connection.ts";
import { dialThrough } from "./relay.ts";
import { bucketLocation, databaseHost, databaseRules, endpointRules, usesTls } from "./settings.ts";

/** A connection with its secrets, in the clear among its settings. It is never logged. */
export type OpenedConnection = Pick<Connection, "id" | "kind" | "settings" | "hosts"> & {
  readonly region: HomeRegion;
};

/** What connections are opened with. */
export type ConnectionContext = {
  readonly development: boolean;
  readonly observe?: EgressObserver;
  readonly dial: Dial;
  readonly relay?: Pick<Relay, "host" | "port">;
  /** The session of a role, asked for at the region's STS once it is needed. */
  readonly roleSession?: (role: RoleToAssume) => RoleSession;
};

/**
 * Who logs in where, for a Postgres connection, and the way there. The guard refuses a host that is
 * not known to be in the region, and that is evidence.
 *
 * @throws SourceFailure where the relay is gone.
 */
export function databaseLogin(
  connection: OpenedConnection,
  context: ConnectionContext,
): { readonly login: DatabaseLogin; readonly dial: Dial } {
  const { settings, region } = connection;
  const { host, port } = databaseHost(connection);
  const rules = databaseRules(connection, region);
  const login: DatabaseLogin = {
    host,
    port,
    useTls: usesTls(connection, context),
    database: textOf(settings["database"]),
    user: textOf(settings["user"]),
    password: textOf(settings["password"]),
    context: egressContext("sync:postgres", region, rules, context),
  };
  return { login, dial: wayTo(settings, context) };
}

/** The bucket of a connection to files; the guard refuses one that is not in the region. */
export function connectionBucket(connection: OpenedConnection, context: ConnectionContext): Bucket {
  const { settings, region } = connection;
  const found = bucketLocation(connection, { home: region, development: context.development });
  const place = { url: textOf(settings["url"]), location: found?.location ?? region };
  return new Bucket(
    { ...place, ...bucketKeys(connection, context) },
    egressContext("sync:files", region, found === undefined ? [] : [found.rule], context),
  );
}

/** Where records are POSTed, for a connection that only takes them; the guard refuses what nobody declared. */
export function endpointOf(
  connection: OpenedConnection,
  context: ConnectionContext,
): { readonly url: string; readonly context: EgressContext } {
  const rules = endpointRules(connection, connection.region);
  const { region, kind, settings } = connection;
  return {
    url: textOf(settings["url"]),
    context: egressContext(`sync:${kind}`, region, rules, context),
  };
}

/** Keys of the connection's own, or a session of its role, which asks for the connection's id. */
function bucketKeys({ id, settings }: OpenedConnection, { roleSession }: ConnectionContext) {
  if (typeof settings["roleArn"] !== "string") {
    const accessKeyId = textOf(settings["accessKeyId"]);
    return { accessKeyId, secretAccessKey: textOf(settings["secretAccessKey"]) };
  }
  if (roleSession === undefined) throw new Error("Cannot assume a role: nobody said how");
  const sessionName = `homeport-${workspaceOf(id)}`;
  const role = { roleArn: settings["roleArn"], externalId: id, sessionName };
  return { session: roleSession(role) };
}

function wayTo(
  settings: Readonly<Record<string, unknown>>,
  { dial, relay }: ConnectionContext,
): Dial {
  if (settings["relay"] !== true) return dial;
  if (relay === undefined) {
    throw new SourceFailure("no_relay", "The operator has no relay in the region any more", false);
  }
  return dialThrough(relay, dial);
}

function egressContext(
  purpose: string,
  region: HomeRegion,
  rules: EgressContext["rules"],
  { development, observe }: ConnectionContext,
): EgressContext {
  return { region, purpose, rules, development, ...(observe === undefined ? {} : { observe }) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
