import type { HomeRegion } from "../../core/ids.ts";
import { runInEgress } from "../../egress/current-context.ts";
import type { EgressContext, EgressObserver } from "../../egress/guard.ts";
import { prepareEnable } from "../catalogue/can-enable.ts";
import {
  catalogueEntry,
  hostsFor,
  type CatalogueEntry,
  type HostUse,
} from "../catalogue/catalogue.ts";
import { destinationRules } from "../catalogue/egress-rules.ts";
import type { DeliveryOutcome } from "../deliverer.ts";
import { loadDestination, type LoadedDestination } from "./load-kit.ts";

/** What a destination of the kit is made ready from. */
export type KitGround = {
  readonly slug: string;
  readonly region: HomeRegion;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly declaredHosts: readonly string[];
  readonly development: boolean;
  readonly observe?: EgressObserver;
};

/**
 * One destination of the kit with the settings of one workspace. All code of the kit runs in `within`
 * and nowhere else: with the hosts of its region, and with no other surroundings than its own.
 */
export type KitSession = {
  readonly kit: LoadedDestination;
  /** What the destination's code gets to see as its settings: the region's choice over the user's. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Tokens as the kit knows them; a refreshed one takes the place of the old. */
  readonly tokens: Tokens;
  /** `onRequest` is told of each request that the guard lets through. */
  readonly within: <T>(uses: readonly HostUse[], work: () => T, onRequest?: () => void) => T;
  /** Whether a stale token can be exchanged for a fresh one without leaving the region. */
  readonly canRefresh: boolean;
  /** What keeps the destination from taking anything, as it was found out; a code of ours. */
  readonly standing: { alert: string | undefined };
  /** The exchange of a stale token that is under way, for every call that waits for it. */
  readonly exchange: { running: Promise<DeliveryOutcome | undefined> | undefined };
};

/** Names are the kit's. */
export type Tokens = {
  access_token?: string;
  refresh_token?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly refresh_token_url?: string;
};

/**
 * @throws Error when the destination may not be used in the region with these settings: nothing is
 * sent then, and nothing of the settings is quoted.
 */
export async function openKit(ground: KitGround): Promise<KitSession> {
  const { slug, region } = ground;
  const allowed = prepareEnable(slug, region, ground);
  const entry = catalogueEntry(slug);
  if (!allowed.ok || entry === undefined) {
    const kind = allowed.ok ? "unknown_destination" : allowed.error.kind;
    throw new Error(`Cannot make the destination ${slug} in ${region}: ${kind}`);
  }
  const kit = await loadDestination(slug);
  const settings = { ...ground.settings, ...allowed.value };
  const env = envOf(entry, settings);
  const known = kitSettings(entry, kit, settings);
  refuseInvalid(kit, slug, known);
  const tokens = tokensOf(settings);
  return {
    kit,
    settings: known,
    tokens,
    within: (uses, work, onRequest) =>
      runInEgress(contextOf(entry, ground, uses, onRequest), () => kit.withEnv(env, work)),
    canRefresh: canRefresh(entry, region, kit, tokens),
    standing: { alert: undefined },
    exchange: { running: undefined },
  };
}

/** Names the settings that are wrong, as the kit's schema finds them, and quotes none. */
function refuseInvalid(
  { destination }: LoadedDestination,
  slug: string,
  settings: Readonly<Record<string, unknown>>,
): void {
  try {
    destination.validateSettings(settings);
  } catch (error) {
    const { errors } = error as { readonly errors?: readonly { readonly message: string }[] };
    const missing = Array.isArray(errors) ? errors.map(({ message }) => message).join(" ") : "";
    throw new Error(`Cannot make the destination ${slug}: invalid_settings. ${missing}`.trim());
  }
}

function contextOf(
  entry: CatalogueEntry,
  ground: KitGround,
  uses: readonly HostUse[],
  onRequest?: () => void,
): EgressContext {
  const { region, development, observe, slug } = ground;
  return {
    region,
    purpose: `destination ${slug}`,
    rules: destinationRules(entry, region, uses, ground),
    development,
    observe: {
      sending: (contact, level, bytes) => {
        onRequest?.();
        return observe?.sending(contact, level, bytes);
      },
      refused: (contact, reason) => observe?.refused(contact, reason),
      sent: (contact, bytes) => observe?.sent(contact, bytes),
      received: (contact, bytes) => observe?.received(contact, bytes),
      ...(observe?.exchange === undefined
        ? {}
        : { exchange: (exchange) => observe.exchange?.(exchange) }),
    },
  };
}

function canRefresh(
  entry: CatalogueEntry,
  region: HomeRegion,
  { destination }: LoadedDestination,
  tokens: Tokens,
): boolean {
  const { authentication } = destination.definition;
  const isOffered = hostsFor(entry[region], ["oauth"]).length > 0;
  return (
    isOffered &&
    authentication?.refreshAccessToken !== undefined &&
    tokens.refresh_token !== undefined
  );
}

/** What the kit reads from its surroundings: what the user gave for it. */
function envOf(
  { env = {} }: CatalogueEntry,
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const given = Object.entries(env).flatMap(([variable, setting]): [string, string][] => {
    const value = settings[setting];
    return typeof value === "string" ? [[variable, value]] : [];
  });
  return Object.fromEntries(given);
}

/** Tokens go another way, but where a destination has a setting of that name. */
const TOKEN_SETTINGS = ["accessToken", "refreshToken", "oauthClientId", "oauthClientSecret"];

/** Without the settings of ours that the destination's code does not know. */
function kitSettings(
  { extra = [] }: CatalogueEntry,
  { destination }: LoadedDestination,
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const known = destination.definition.authentication?.fields ?? {};
  const ours = new Set([...extra.map(({ key }) => key), ...TOKEN_SETTINGS]);
  return Object.fromEntries(
    Object.entries(settings).filter(([key]) => Object.hasOwn(known, key) || !ours.has(key)),
  );
}

function tokensOf(settings: Readonly<Record<string, unknown>>): Tokens {
  const text = (key: string): string | undefined => {
    const value = settings[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const access = text("accessToken");
  const refresh = text("refreshToken");
  const clientId = text("oauthClientId");
  const clientSecret = text("oauthClientSecret");
  return {
    ...(access === undefined ? {} : { access_token: access }),
    ...(refresh === undefined ? {} : { refresh_token: refresh }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
}
