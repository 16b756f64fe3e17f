import type { DeliveryOutcome } from "../deliverer.ts";
import { outcomeOfError } from "./kit-failure.ts";
import type { KitSession } from "./kit-session.ts";

/** Tokens as a vendor gave them. */
export type FreshTokens = { readonly accessToken: string; readonly refreshToken?: string };

/** Keeps refreshed tokens; they are used at once whether or not that works. */
export type OnTokens = (tokens: FreshTokens) => Promise<void>;

/** What a destination's alert says while its vendor gives no fresh token. */
const REFRESH_FAILED = "oauth_refresh_failed";

/** The events wait, because somebody may give new credentials while they do. */
const NOT_REFRESHED: DeliveryOutcome = { kind: "retry", code: "OAUTH_REFRESH_FAILED" };

type RefreshDeps = { readonly now: () => number; readonly onTokens?: OnTokens };

/**
 * Exchanges the stale token for a fresh one, once for all calls that were refused for it: many vendors
 * give a new refresh token each time and take the old one no more. What it means for events when that
 * fails is answered, and stands as the session's alert until it succeeds; nothing of the vendor's
 * answer is kept.
 */
export async function refreshTokens(
  session: KitSession,
  stale: string | undefined,
  deps: RefreshDeps,
): Promise<DeliveryOutcome | undefined> {
  const { tokens, exchange } = session;
  if (tokens.access_token !== stale) return undefined;
  exchange.running ??= exchangeTokens(session, deps).finally(() => {
    exchange.running = undefined;
  });
  return exchange.running;
}

async function exchangeTokens(
  session: KitSession,
  deps: RefreshDeps,
): Promise<DeliveryOutcome | undefined> {
  const { kit, settings, tokens, within } = session;
  try {
    const fresh = await within(["oauth"], () =>
      kit.destination.refreshTokenAndGetNewToken({ ...settings, oauth: { ...tokens } }),
    );
    await takeTokens(session, fresh, deps.onTokens);
    return undefined;
  } catch (error) {
    const outcome = outcomeOfError(error, deps.now());
    // A vendor that is out of reach says nothing about the token.
    if (outcome.kind === "retry") return outcome;
    session.standing.alert = REFRESH_FAILED;
    return NOT_REFRESHED;
  }
}

/** Uses fresh tokens from now on, and has them kept. */
export async function takeTokens(
  { tokens, standing }: KitSession,
  fresh: FreshTokens,
  onTokens: OnTokens | undefined,
): Promise<void> {
  tokens.access_token = fresh.accessToken;
  if (fresh.refreshToken !== undefined) tokens.refresh_token = fresh.refreshToken;
  standing.alert = undefined;
  await onTokens?.(fresh).catch(() => undefined);
}
