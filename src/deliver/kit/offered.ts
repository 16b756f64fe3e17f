import type { HomeRegion } from "../../core/ids.ts";
import {
  CATALOGUE,
  hostsFor,
  splitHost,
  type CatalogueEntry,
  type HostUse,
} from "../catalogue/catalogue.ts";
import descriptions from "../catalogue/kit-descriptions.json" with { type: "json" };
import type { DestinationKind, RegionSupport, SettingField } from "../deliverer.ts";
import type { DestinationGround, OfferedDestination } from "../destinations.ts";
import { testKitCredentials } from "./kit-credentials.ts";
import { kitDeliverer } from "./kit-deliverer.ts";
import type { OnTokens } from "./kit-tokens.ts";

/** What the kit says of a destination; written by `scripts/describe-kit.ts`. */
export type KitDescription = {
  readonly settings: readonly SettingField[];
  readonly scheme: string;
  readonly canForget: boolean;
  readonly canTest: boolean;
  readonly actions: Readonly<
    Record<string, { readonly title: string; readonly isBatched: boolean }>
  >;
};

const DESCRIPTIONS: Readonly<Record<string, KitDescription>> = descriptions as Readonly<
  Record<string, KitDescription>
>;

/** Tokens that Segment's own app would fetch; here the user gets them from the vendor. */
const TOKEN_FIELDS: readonly SettingField[] = [
  tokenField("accessToken", "Access token", true),
  tokenField("refreshToken", "Refresh token", true),
  tokenField("oauthClientId", "Client id of your app", false),
  tokenField("oauthClientSecret", "Client secret of your app", true),
];

/** Segment's destinations that can be delivered to, in the order of the catalogue. */
export function kitDestinations(now: () => number): readonly OfferedDestination[] {
  return CATALOGUE.map((entry) => ({
    kind: kindOf(entry),
    make: (ground) =>
      kitDeliverer({ ...ground, slug: entry.slug, now, onTokens: keeperOf(ground) }),
    testCredentials: (ground) => testKitCredentials({ ...ground, slug: entry.slug }, now),
  }));
}

/** Has fresh tokens take the place of the settings they came from. */
function keeperOf({ keepSecrets }: DestinationGround): OnTokens {
  return async ({ accessToken, refreshToken }) =>
    keepSecrets?.({ accessToken, ...(refreshToken === undefined ? {} : { refreshToken }) });
}

/** What the kit says of a destination of the catalogue. */
export function descriptionOf(slug: string): KitDescription | undefined {
  return DESCRIPTIONS[slug];
}

export function kindOf(entry: CatalogueEntry): DestinationKind {
  const { slug, name, extra = [], region } = entry;
  const description = DESCRIPTIONS[slug];
  const isOAuth = (description?.scheme ?? "").startsWith("oauth");
  const ours = extra.map(({ key, label, secret }): SettingField => ({
    key,
    label,
    type: "string",
    isRequired: true,
    isSecret: secret,
  }));
  const own = (description?.settings ?? []).filter(({ key }) => !isDecided(entry, key));
  return {
    slug,
    name,
    origin: "kit",
    regions: { eu: supportOf(entry, "eu"), us: supportOf(entry, "us") },
    settings: [
      ...own.map((field) => withinRegions(field, region)),
      ...ours,
      ...(isOAuth ? TOKEN_FIELDS : []),
    ],
    canForget: description?.canForget === true && canReachForgetting(entry),
  };
}

/** Whether a host for it is known in a region at all. */
function canReachForgetting(entry: CatalogueEntry): boolean {
  return [entry.eu, entry.us].some(
    (support) => support.hostSetting !== undefined || hostsFor(support, ["deletion"]).length > 0,
  );
}

/** Whether the region alone decides a setting, so that nobody is asked for it. */
function isDecided({ region }: CatalogueEntry, key: string): boolean {
  if (region?.setting !== key) return false;
  return region.eu.length <= 1 && region.us.length <= 1;
}

/** It is asked for where the region has several places, which `prepareEnable` finds out. */
function withinRegions(field: SettingField, region: CatalogueEntry["region"]): SettingField {
  if (region?.setting !== field.key) return field;
  return { ...field, choices: [...region.eu, ...region.us], isRequired: false };
}

function supportOf(entry: CatalogueEntry, region: HomeRegion): RegionSupport {
  const { level, hosts = {}, hostSetting, statement, note } = entry[region];
  const uses = Object.keys(hosts) as HostUse[];
  return {
    level,
    hosts: uses.flatMap((use) =>
      (hosts[use] ?? []).map((written) => ({ ...splitHost(written), use })),
    ),
    ...(hostSetting === undefined ? {} : { hostSetting }),
    ...(statement === undefined ? {} : { statement }),
    ...(note === undefined ? {} : { note }),
  };
}

function tokenField(key: string, label: string, isSecret: boolean): SettingField {
  return { key, label, type: "string", isRequired: key === "accessToken", isSecret };
}
