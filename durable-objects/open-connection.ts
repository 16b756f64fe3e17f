import type { Config } from "../src/config.ts";
import { workspaceOf } from "../src/core/ids.ts";
import { stsCaller } from "../src/archive/own-bucket/open.ts";
import type { EgressContext, EgressObserver } from "../src/egress/guard.ts";
import { stsRules } from "../src/egress/region-hosts.ts";
import { HOME_REGIONS } from "../src/region/regions.ts";
import { RoleSession } from "../src/s3/role-session.ts";
import { assumeRole } from "../src/s3/sts.ts";
import type { ConnectionContext, OpenedConnection } from "../src/sync/connection/open.ts";
import type { ConnectionConfig } from "../src/sync/ports.ts";
import { openSecret, placeOfSecret, unwrapDataKey } from "../src/workspace/secret-envelope.ts";
import { dial } from "./offered-destinations.ts";

/**
 * A connection with its secrets in the clear, for the object that is about to use it.
 *
 * @throws Error when a secret was sealed for another place.
 */
export function openConnection(config: Config, connection: ConnectionConfig): OpenedConnection {
  const { id, kind, settings, hosts, region, sealed } = connection;
  if (sealed === undefined) return { id, kind, settings, hosts, region };
  const dataKey = unwrapDataKey(sealed.wrappedKey, workspaceOf(id), config.sealingKeys[region]);
  const secrets = sealed.fields.map(
    ({ field, sealed: bytes }) =>
      [field, openSecret(dataKey, placeOfSecret(id, field), bytes)] as const,
  );
  return { id, kind, hosts, region, settings: { ...settings, ...Object.fromEntries(secrets) } };
}

/** What an object of that region opens connections with. */
export function connectionContext(
  config: Config,
  { region }: Pick<ConnectionConfig, "region">,
  observe: EgressObserver,
): ConnectionContext {
  const relay = config.relays[region];
  const [location] = HOME_REGIONS[region].locations;
  if (location === undefined) throw new Error("Cannot open a connection: no location is known");
  const development = config.environment === "development";
  const caller = stsCaller(config, location);
  const sts: EgressContext = {
    region,
    purpose: "sync:files",
    rules: stsRules(location, caller.url, development),
    development,
    observe,
  };
  return {
    development,
    observe,
    dial,
    roleSession: (role) =>
      new RoleSession(
        () => assumeRole(caller, role, sts),
        () => Date.now(),
      ),
    ...(relay === undefined ? {} : { relay }),
  };
}
