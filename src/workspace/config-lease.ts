import { inTime } from "../core/in-time.ts";
import type { SourceConfig } from "./source-config.ts";

/** How long a config counts as fresh: what bounds the effect of a revoked key everywhere. */
export const LEASE_MS = 5_000;

/** How long the last config serves while the Workspace object cannot be reached. */
export const LEASE_GRACE_MS = 60_000;

/** Asked again this long before a lease ends, so that no request has to wait for the answer. */
const RENEW_AHEAD_MS = 2_000;

/** How long an answer is waited for; an object that takes longer counts as out of reach. */
export const ASK_MS_MAX = 3_000;

export type Leased =
  | { readonly kind: "found"; readonly config: SourceConfig }
  | { readonly kind: "unknown" }
  | { readonly kind: "unavailable" };

/** What a lease of that age may be used for. */
export function leaseState(ageMs: number | undefined): "fresh" | "renew" | "stale" | "none" {
  if (ageMs === undefined) return "none";
  // A clock that stepped back must not make a lease last longer.
  const age = Math.abs(ageMs);
  if (age <= LEASE_MS - RENEW_AHEAD_MS) return "fresh";
  if (age <= LEASE_MS) return "renew";
  return age <= LEASE_GRACE_MS ? "stale" : "none";
}

/**
 * One source's config as a queue or a Worker holds it. Fresh for 5 s; then the Workspace object is
 * asked, once for all who wait; while it cannot be reached the last answer serves until it is 60 s
 * old, and after that there is none.
 */
export class ConfigLease {
  readonly #ask: () => Promise<SourceConfig | undefined>;
  readonly #now: () => number;
  #config: SourceConfig | undefined;
  #atMs: number | undefined;
  #asking: Promise<void> | undefined;
  #gone = false;
  #clockMs = 0;
  #lostMs = 0;

  constructor(ask: () => Promise<SourceConfig | undefined>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** The config that may be used at this instant without asking anyone. */
  get current(): SourceConfig | undefined {
    return leaseState(this.#age()) === "none" ? undefined : this.#config;
  }

  /** The config, asked for if need be. */
  async get(): Promise<Leased> {
    const state = leaseState(this.#age());
    if (state === "renew") void this.#renew();
    if (state === "stale" || state === "none") await this.#renew();
    if (this.#gone) return { kind: "unknown" };
    const config = this.current;
    return config === undefined ? { kind: "unavailable" } : { kind: "found", config };
  }

  /** Asks now, whatever the age: somebody has seen a newer route. */
  async refresh(): Promise<Leased> {
    await this.#renew();
    return this.get();
  }

  /** Takes a config that was handed over, unless it is older than the one held. */
  push(config: SourceConfig): void {
    this.#take(config, this.#elapsedMs());
  }

  #take(config: SourceConfig, atMs: number): void {
    const heldVersion = this.#config?.version ?? 0;
    if (config.version < heldVersion) return;
    const isSame = config.version === heldVersion;
    this.#atMs = isSame ? Math.max(atMs, this.#atMs ?? atMs) : atMs;
    this.#config = config;
    this.#gone = false;
  }

  #age(): number | undefined {
    return this.#atMs === undefined ? undefined : this.#elapsedMs() - this.#atMs;
  }

  /** The clock without its steps back: one that is set back must not make a lease last longer. */
  #elapsedMs(): number {
    const now = this.#now();
    this.#lostMs += Math.max(0, this.#clockMs - now);
    this.#clockMs = now;
    return now + this.#lostMs;
  }

  async #renew(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #askOnce(): Promise<void> {
    // The lease counts from the question: the answer may have been read right after it and then
    // have waited, while the source changed.
    const askedAtMs = this.#elapsedMs();
    try {
      const config = await inTime(this.#ask(), ASK_MS_MAX);
      if (config === undefined) this.#gone = true;
      else this.#take(config, askedAtMs);
    } catch {
      // The last answer goes on serving for its grace; there is nothing else to fall back to.
    }
  }
}
