import { isLoopback, plainHost } from "../../egress/addresses.ts";
import type { HostRule } from "../../egress/host-rules.ts";
import { matchesHost } from "../../egress/host-rules.ts";
import { awsRegionOf, otherHome, showsOtherHome } from "../../egress/other-home.ts";
import { declaredHost } from "../../egress/region-hosts.ts";
import { AWS_REGIONS, warehouseHosts, WAREHOUSE_VENDORS } from "../../egress/warehouse-hosts.ts";
import type { HomeRegion } from "../../core/ids.ts";
import { isDeclared } from "../../deliver/read-settings.ts";
import type { Connection, ConnectionHome, ConnectionRefusal } from "./connection.ts";

const POSTGRES_PORT = 5_432;
const PORT_MAX = 65_535;

/** Why a connection cannot be used in that home; `undefined` when it can. */
export function connectionProblems(
  connection: Pick<Connection, "kind" | "settings" | "hosts">,
  place: ConnectionHome,
): ConnectionRefusal | undefined {
  switch (connection.kind) {
    case "postgres":
      return postgresProblems(connection, place);
    case "files":
      return bucketProblems(connection, place);
    case "webhook":
    case "custom":
      return endpointProblems(connection, place);
  }
}

/** Host and port of a Postgres connection. */
export function databaseHost({ settings }: Pick<Connection, "settings">): {
  readonly host: string;
  readonly port: number;
} {
  const { host, port } = settings;
  return {
    host: typeof host === "string" ? host.trim().toLowerCase() : "",
    port: typeof port === "number" ? port : POSTGRES_PORT,
  };
}

/** Whether a Postgres connection is talked to over TLS: always, but for a developer's own machine. */
export function usesTls(
  connection: Pick<Connection, "settings">,
  { development }: Pick<ConnectionHome, "development">,
): boolean {
  // The guard lets only a developer's own machine be a loopback address.
  const isOwnMachine = development && isLoopback(databaseHost(connection).host);
  return !isOwnMachine || connection.settings["tls"] === true;
}

/** The rules under which the database's host may be reached; none when it is not in the region. */
export function databaseRules(
  connection: Pick<Connection, "settings" | "hosts">,
  region: HomeRegion,
): readonly HostRule[] {
  const { host, port } = databaseHost(connection);
  const isSaid = isDeclared(connection.hosts, region, host, port);
  return [...warehouseHosts(region), ...(isSaid ? [declaredHost(host, port)] : [])].filter(
    (rule) => rule.port === port && matchesHost(rule, host),
  );
}

function postgresProblems(
  connection: Pick<Connection, "settings" | "hosts">,
  place: ConnectionHome,
): ConnectionRefusal | undefined {
  const { home, hasRelay } = place;
  const { host, port } = databaseHost(connection);
  const problems: string[] = [];
  if (plainHost(host) === undefined) problems.push("host is no name of a host");
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    problems.push(`port has to be a whole number from 1 to ${PORT_MAX}`);
  }
  if (connection.settings["tls"] === false && usesTls(connection, place)) {
    problems.push("tls has to be left out or true: no database is talked to in the clear");
  }
  if (connection.settings["relay"] === true && !hasRelay) {
    problems.push(`relay has to be left out: the operator has none in ${home}`);
  }
  if (problems.length > 0) return { kind: "connection-settings-invalid", problems };
  if (databaseRules(connection, home).length > 0) return undefined;
  return { kind: "connection-not-in-region", home, why: whyNotDatabase(host, port, home) };
}

function whyNotDatabase(host: string, port: number, home: HomeRegion): string {
  const vendors = WAREHOUSE_VENDORS.map(({ vendor }) => vendor).join(", ");
  const alternative = `hosts may declare "${host}:${port}" once somebody made sure that it is.`;
  return showsOtherHome(host, home)
    ? `The host's name shows that it is in ${otherHome(home)}. A database in ${AWS_REGIONS[home].join(", ")} would do.`
    : `The host's name does not show that it is in ${home}, as those of ${vendors} do; ${alternative}`;
}

/** Where a bucket is by its URL: the scope of its signatures, and the rule to reach it by. */
export type BucketLocation = { readonly location: string; readonly rule: HostRule };

/** R2 knows one scope only; where its bucket is, the endpoint's jurisdiction says. */
const R2_SCOPE = "auto";
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;
const AWS_HOST = /^s3\.(?:dualstack\.)?([a-z0-9-]+)\.amazonaws\.com$/;

/** Where a bucket of the region is; `undefined` for a URL that shows no place in it. */
export function bucketLocation(
  { settings, hosts }: Pick<Connection, "settings" | "hosts">,
  { home, development }: Pick<ConnectionHome, "home" | "development">,
): BucketLocation | undefined {
  const url = settings["url"];
  if (typeof url !== "string" || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol, pathname } = new URL(url);
  const pathPrefix = pathname.replace(/\/+$/, "");
  if (development && isLoopback(hostname)) {
    const rule = { host: hostname, port: Number(port), pathPrefix, level: "development" } as const;
    return { location: localLocation(home), rule };
  }
  if (protocol !== "https:" || port !== "") return undefined;
  const aws = AWS_HOST.exec(hostname)?.[1];
  if (aws !== undefined && AWS_REGIONS[home].includes(aws)) {
    return { location: aws, rule: { host: hostname, pathPrefix, level: "platform" } };
  }
  if (new RegExp(`^[0-9a-f]{32}\\.${home}\\.r2\\.cloudflarestorage\\.com$`).test(hostname)) {
    return { location: R2_SCOPE, rule: { host: hostname, pathPrefix, level: "platform" } };
  }
  if (!isDeclared(hosts, home, hostname, port)) return undefined;
  const location = awsRegionOf(hostname) ?? localLocation(home);
  return { location, rule: { host: hostname, pathPrefix, level: "declared" } };
}

/** Buckets of others than AWS take the scope that their region's first one would have. */
function localLocation(home: HomeRegion): string {
  return home === "eu" ? "eu-west-1" : "us-west-2";
}

function bucketProblems(
  connection: Pick<Connection, "settings" | "hosts">,
  place: ConnectionHome,
): ConnectionRefusal | undefined {
  const url = connection.settings["url"];
  const problem = typeof url === "string" ? urlProblem(url) : "is missing";
  if (problem !== undefined) {
    return { kind: "connection-settings-invalid", problems: [`url ${problem}`] };
  }
  const found = bucketLocation(connection, place);
  const role = roleProblem(connection.settings, found);
  if (role !== undefined) return { kind: "connection-settings-invalid", problems: [role] };
  if (found !== undefined) return undefined;
  const { home } = place;
  const isOther = typeof url === "string" && showsOtherHome(new URL(url).hostname, home);
  const would =
    `take https://s3.<location>.amazonaws.com/<bucket> with one of ${AWS_REGIONS[home].join(", ")}, ` +
    `or R2's endpoint of the jurisdiction ${home}`;
  const why = isOther
    ? `The URL shows that the bucket is in ${otherHome(home)}: ${would}.`
    : `The URL does not show that the bucket is in ${home}: ${would}, or declare its host in hosts once somebody made sure.`;
  return { kind: "connection-not-in-region", home, why };
}

/** Characters of a signing secret at least. */
const SECRET_CHARS_MIN = 16;
const BATCH_MAX = 1_000;

/** The rules under which a URL that takes records may be reached; none when nobody declared its host. */
export function endpointRules(
  { settings, hosts }: Pick<Connection, "settings" | "hosts">,
  region: HomeRegion,
): readonly HostRule[] {
  const { url } = settings;
  if (typeof url !== "string" || !URL.canParse(url)) return [];
  const { hostname, port } = new URL(url);
  const isSaid = isDeclared(hosts, region, hostname, port);
  return isSaid ? [declaredHost(hostname, port === "" ? undefined : Number(port))] : [];
}

function endpointProblems(
  connection: Pick<Connection, "settings" | "hosts">,
  { home, development }: ConnectionHome,
): ConnectionRefusal | undefined {
  const { url, secret, batchSize } = connection.settings;
  const problems: string[] = [];
  if (typeof url !== "string" || !URL.canParse(url)) {
    return { kind: "connection-settings-invalid", problems: ["url is no URL"] };
  }
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== "https:" && !(development && isLoopback(hostname))) {
    problems.push("url has to begin with https");
  }
  if (username !== "" || password !== "") problems.push("url holds a password");
  if (typeof secret === "string" && secret.length < SECRET_CHARS_MIN) {
    problems.push(`secret has to have ${SECRET_CHARS_MIN} characters at least`);
  }
  const size = typeof batchSize === "number" ? batchSize : 1;
  if (!Number.isInteger(size) || size < 1 || size > BATCH_MAX) {
    problems.push(`batchSize has to be a whole number from 1 to ${BATCH_MAX}`);
  }
  if (problems.length > 0) return { kind: "connection-settings-invalid", problems };
  if (endpointRules(connection, home).length > 0) return undefined;
  const why = showsOtherHome(hostname, home)
    ? `The name of the URL's host shows that it is in ${otherHome(home)}.`
    : `Nothing shows that the URL's host is in ${home}; declare it in hosts once somebody made sure.`;
  return { kind: "connection-not-in-region", home, why };
}

function roleProblem(
  settings: Readonly<Record<string, unknown>>,
  found: BucketLocation | undefined,
): string | undefined {
  const { roleArn: role } = settings;
  if (role === undefined) return undefined;
  if (typeof role !== "string" || !ROLE_ARN.test(role)) return "roleArn is no ARN of a role";
  if ("accessKeyId" in settings) return "accessKeyId has to be left out where there is a role";
  const isAws = found?.rule.level === "platform" && found.location !== R2_SCOPE;
  return isAws || found?.rule.level === "development" || found === undefined
    ? undefined
    : "roleArn has to be left out for a bucket that is not at AWS in the region";
}

function urlProblem(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const parsed = new URL(url);
  // Credentials, a query or a fragment have no place here.
  if (parsed.origin + parsed.pathname !== url) return "has to be written plainly";
  if (!/^\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(parsed.pathname)) {
    return "has to name the bucket after the host, and nothing else";
  }
  return undefined;
}
