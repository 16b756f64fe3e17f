import type { DestinationId, HomeRegion, SourceId } from "../core/ids.ts";
import type { DestinationKind, EndpointLevel } from "../deliver/deliverer.ts";
import type { Destination, StoredFilter } from "./destination.ts";
import { isoTime } from "./source-view.ts";

/** A destination as the management API shows it. Secrets are only named. */
export type DestinationView = {
  readonly id: DestinationId;
  readonly sourceId: SourceId;
  readonly slug: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[];
  readonly mappings: readonly unknown[];
  readonly hosts: readonly string[];
  readonly consentCategories: readonly string[];
  readonly filters: readonly StoredFilter[];
  readonly retryHours: number;
  /** What is known of its endpoint in the home region. */
  readonly endpoint: { readonly level: EndpointLevel; readonly hosts: readonly string[] };
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** Shows a destination; one whose kind is not offered any more has no endpoint. */
export function viewDestination(
  destination: Destination,
  kind: DestinationKind | undefined,
  home: HomeRegion,
): DestinationView {
  const { version: _version, createdAtMs, updatedAtMs, secretFields, ...rest } = destination;
  const { deletedAtMs: _deletedAtMs, ...shown } = rest;
  const support = kind?.regions[home];
  const hosts = [
    ...(support?.hosts ?? []).filter(({ use }) => use === "delivery").map(({ host }) => host),
    ...destination.hosts,
  ];
  return {
    ...shown,
    secrets: secretFields,
    endpoint: { level: support?.level ?? "none", hosts },
    createdAt: isoTime(createdAtMs),
    updatedAt: isoTime(updatedAtMs),
  };
}
