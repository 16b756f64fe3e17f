import { showsOtherHome } from "../../egress/other-home.ts";
import { declaredHost } from "../../egress/region-hosts.ts";
import { matchesHost } from "../../egress/host-rules.ts";
import { warehouseHosts } from "../../egress/warehouse-hosts.ts";
import type { DestinationKind } from "../deliverer.ts";
import type { DestinationGround } from "../destinations.ts";
import { GivenSettings, isDeclared } from "../read-settings.ts";
import { NAME_BYTES_MAX, nameFor } from "../tables/names.ts";
import type { DatabaseLogin } from "./client.ts";

const REGION = {
  level: "region_by_account",
  hosts: [],
  note:
    "The region shows in the host's name (Amazon RDS and Aurora, Neon, Supabase's pooler), or the " +
    "workspace declares the host to be in its region.",
} as const;

export const POSTGRES: DestinationKind = {
  slug: "postgres",
  name: "Postgres",
  origin: "homeport",
  regions: { eu: REGION, us: REGION },
  settings: [
    { key: "host", label: "Host", type: "string", isRequired: true, isSecret: false },
    {
      key: "port",
      label: "Port",
      type: "number",
      isRequired: false,
      isSecret: false,
      help: "5432 unless it is given.",
    },
    { key: "database", label: "Database", type: "string", isRequired: true, isSecret: false },
    {
      key: "user",
      label: "User",
      type: "string",
      isRequired: true,
      isSecret: false,
      help: "It needs CREATE on the database, or on the schema if that exists.",
    },
    { key: "password", label: "Password", type: "string", isRequired: true, isSecret: true },
    {
      key: "schema",
      label: "Schema",
      type: "string",
      isRequired: false,
      isSecret: false,
      help: "The source's name in snake case unless it is given; it then follows a new name.",
    },
  ],
  canForget: true,
};

export type PostgresSettings = DatabaseLogin & { readonly schema: string };

const POSTGRES_PORT = 5_432;
const PORT_MAX = 65_535;
/** Schemas that are the database's own. */
const SYSTEM_SCHEMA = /^(?:pg_.*|information_schema)$/;

/** @throws SettingRefused for a setting that is wrong. */
export function readPostgres(ground: DestinationGround): PostgresSettings {
  const given = new GivenSettings(POSTGRES.slug, ground.settings);
  const host = given.text("host").toLowerCase();
  const port = given.wholeNumber("port", POSTGRES_PORT, 1, PORT_MAX);
  const schema = given.optionalText("schema") ?? nameFor(ground.sourceName);
  const isTooLong = new TextEncoder().encode(schema).byteLength > NAME_BYTES_MAX;
  if (isTooLong || schema.includes("\0") || SYSTEM_SCHEMA.test(schema)) {
    given.refuse("schema", "is no name for a schema of your own");
  }
  const rules = [
    ...warehouseHosts(ground.region),
    ...(isDeclared(ground.declaredHosts, ground.region, host, port)
      ? [declaredHost(host, port)]
      : []),
  ].filter((rule) => matchesHost(rule, host));
  if (!rules.some((rule) => rule.port === port)) {
    if (showsOtherHome(host, ground.region)) {
      given.refuse("host", "shows by its name that it is in the other home region");
    }
    given.refuse("host", "does not show that it is in the region, nor was it declared to be");
  }
  return {
    host,
    port,
    // The guard lets only a developer's own machine be a loopback address.
    useTls: !(ground.development && isLoopback(host)),
    database: given.text("database"),
    user: given.text("user"),
    password: given.text("password"),
    schema,
    context: {
      region: ground.region,
      purpose: "delivery:postgres",
      rules,
      development: ground.development,
      observe: ground.observe,
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "127.0.0.1" || host === "localhost";
}
