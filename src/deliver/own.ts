import type { DestinationId, HomeRegion } from "../core/ids.ts";
import type { DestinationKind } from "./deliverer.ts";
import type { DestinationGround, OfferedDestination } from "./destinations.ts";
import type { Addressee } from "./filter/permission.ts";
import { PARQUET, parquetDestination } from "./lake/destination.ts";
import { postgresDestination } from "./postgres/destination.ts";
import type { Dial } from "./postgres/raw-socket.ts";
import { POSTGRES, readPostgres } from "./postgres/settings.ts";
import { SettingRefused } from "./read-settings.ts";
import { readCopy, S3_COPY, s3CopyDestination } from "./s3-copy.ts";
import { readWebhook, WEBHOOK, webhookDestination } from "./webhook.ts";

/** What the destinations of our own are, in the order in which they are shown. */
export const OWN_KINDS: readonly DestinationKind[] = [WEBHOOK, POSTGRES, PARQUET, S3_COPY];

/** The destinations of our own, made ready to be made. */
export function ownDestinations(now: () => number, dial: Dial): readonly OfferedDestination[] {
  return [
    webhookDestination(now),
    postgresDestination(dial),
    parquetDestination,
    s3CopyDestination,
  ];
}

/**
 * How an event's `integrations` object speaks of a destination, as with Segment: of a warehouse only
 * by `Warehouses`, of copies of events not at all, and of all others by one of their names.
 */
export function addresseeOf(slug: string, names: readonly string[], id: DestinationId): Addressee {
  if (slug === POSTGRES.slug) return { kind: "warehouse", id };
  if (slug === PARQUET.slug || slug === S3_COPY.slug) return { kind: "storage" };
  return { kind: "destination", names };
}

/** Reads the settings of a kind as its destination does. */
const READERS = new Map<string, (ground: DestinationGround) => unknown>([
  [WEBHOOK.slug, readWebhook],
  [POSTGRES.slug, readPostgres],
  [S3_COPY.slug, readCopy],
]);

/** Stands for a secret, which whoever asks does not hold. */
const STAND_IN = "x".repeat(32);

/**
 * What is wrong with the settings of a destination of ours, in words that quote none of them; none
 * means that it can be made, as far as can be said without its secrets and without asking anybody.
 * Addresses on a developer's own machine pass here, and are the egress guard's matter.
 */
export function ownProblems(
  slug: string,
  region: HomeRegion,
  given: Pick<DestinationGround, "settings" | "declaredHosts">,
): readonly string[] {
  const read = READERS.get(slug);
  const required = OWN_KINDS.find((kind) => kind.slug === slug)?.settings.filter(
    ({ isRequired, isSecret }) => isRequired && isSecret,
  );
  const secrets = Object.fromEntries((required ?? []).map(({ key }) => [key, STAND_IN]));
  try {
    read?.({
      region,
      destinationId: `dst_${region}_`,
      sourceId: `src_${region}_`,
      sourceName: "source",
      settings: { ...given.settings, ...secrets },
      mappings: [],
      declaredHosts: given.declaredHosts,
      development: true,
      observe: NOBODY,
      bucket: { location: "eu-west-1", open: noBucket },
    });
    return [];
  } catch (error) {
    if (error instanceof SettingRefused) return [error.problem];
    throw error;
  }
}

const NOBODY: DestinationGround["observe"] = {
  sending: () => undefined,
  refused: () => undefined,
  sent: () => undefined,
  received: () => undefined,
};

function noBucket(): never {
  throw new Error("Cannot open a bucket: settings are only read");
}
