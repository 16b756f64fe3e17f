import type { Config } from "../src/config.ts";
import { inTime } from "../src/core/in-time.ts";
import { regionOf, workspaceOf } from "../src/core/ids.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import type {
  CredentialTest,
  DestinationGround,
  Destinations,
} from "../src/deliver/destinations.ts";
import { decide, readyRules } from "../src/deliver/filter/decide.ts";
import type { Decision } from "../src/deliver/lane/deliver-block.ts";
import type { LaneConfig } from "../src/deliver/lane/ports.ts";
import { RETRY_RULE } from "../src/deliver/lane/retry.ts";
import type { Readiness, ReadyDestination } from "../src/deliver/lane/run-lane.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { LaneRef } from "../src/region/object-names.ts";
import {
  openSecret,
  placeOfSecret,
  sealSecret,
  unwrapDataKey,
} from "../src/workspace/secret-envelope.ts";
import { parquetBuckets } from "./parquet-buckets.ts";
import type { Reach } from "./reach.ts";
import type { RestoreGuard } from "./restore-guard.ts";
import { SuppressedUserList } from "./suppressed-users.ts";

export type LaneDestinationDeps = {
  readonly config: Config;
  readonly reach: Reach;
  readonly ref: Pick<LaneRef, "destinationId" | "sourceId">;
  /** Whether it is made ready also while it is switched off, as for a replay. */
  readonly isAlsoOff?: boolean;
  /** How long what the workspace said serves while it is out of reach; {@link GRACE_MS} when absent. */
  readonly graceMs?: number;
  readonly destinations: Destinations;
  readonly guard: RestoreGuard;
  readonly observer: EgressObserver;
  readonly now: () => number;
  /**
   * Called when another deliverer takes over, which may be of another kind: the first one after a
   * start, or one for a destination that was changed since.
   */
  readonly changed: (isOther: boolean) => void;
};

/** How long what the workspace said counts as fresh, and how long it serves when it is out of reach. */
const FRESH_MS = 5_000;
const GRACE_MS = 60_000;
const ASK_MS_MAX = 3_000;

/** Times that the workspace is asked to keep renewed secrets, and how long after each failure. */
const KEEP_TRIES_MAX = 4;
const KEEP_AGAIN_MS = 1_000;

/** When a destination that could not be made is tried again. */
const BROKEN_MS = 60_000;
const UNREACHABLE_MS = 5_000;

/** What becomes of an event of a user who is suppressed; it is not looked at further. */
const SUPPRESSED: Decision = { kind: "filtered", code: "SUPPRESSED" };

/** A destination that a person tests. */
export type Watched = {
  readonly deliverer: Deliverer;
  readonly credentials: () => Promise<CredentialTest | undefined>;
  /** What must not be shown of its requests; grows when the destination renews a secret. */
  readonly secrets: ReadonlySet<string>;
};

type Made = { readonly from: string; readonly ready: ReadyDestination };

/** What a deliverer was made from: the destination as it was, and the source's own buckets. */
function madeFrom({ version, storage }: LaneConfig): string {
  return JSON.stringify([version, storage]);
}

/**
 * The destination of one lane as its workspace has it, made ready to deliver. Secrets are opened here
 * and nowhere else, and are in memory only.
 */
export class LaneDestination {
  readonly #deps: LaneDestinationDeps;
  #config: LaneConfig | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #made: Made | undefined;
  #brokenFrom: string | undefined;
  #brokenUntilMs = 0;
  readonly #suppressed: SuppressedUserList;

  constructor(deps: LaneDestinationDeps) {
    this.#deps = deps;
    const { reach, ref } = deps;
    this.#suppressed = new SuppressedUserList(() =>
      reach.workspace(workspaceOf(ref.sourceId)).suppressedUsers(ref.sourceId),
    );
  }

  /** Why nothing can be delivered at all; `undefined` when it can. */
  get alert(): string | undefined {
    if (this.#brokenFrom !== undefined) return "invalid_settings";
    return this.#made?.ready.deliverer.alert;
  }

  async ready(): Promise<Readiness> {
    const config = await this.config();
    const nowMs = this.#deps.now();
    if (config === undefined) return { kind: "unavailable", againAtMs: nowMs + UNREACHABLE_MS };
    const isReady =
      config.state === "on" || (config.state === "off" && this.#deps.isAlsoOff === true);
    if (!isReady) return { kind: "stopped" };
    if (!this.#deps.guard.admits(config.deletion)) {
      return { kind: "unavailable", againAtMs: nowMs + UNREACHABLE_MS };
    }
    if (!(await this.#suppressed.follow(config))) {
      return { kind: "unavailable", againAtMs: nowMs + UNREACHABLE_MS };
    }
    const from = madeFrom(config);
    if (this.#made?.from === from) {
      return { kind: "ready", destination: this.#made.ready };
    }
    if (this.#brokenFrom === from && nowMs < this.#brokenUntilMs) {
      return { kind: "unavailable", againAtMs: this.#brokenUntilMs };
    }
    const made = await this.#make(config);
    if (made === undefined) {
      this.#brokenFrom = from;
      this.#brokenUntilMs = nowMs + BROKEN_MS;
      return { kind: "unavailable", againAtMs: this.#brokenUntilMs };
    }
    return { kind: "ready", destination: made };
  }

  /** The config, asked for if what is held is not fresh; `undefined` when it is too old to serve. */
  async config(): Promise<LaneConfig | undefined> {
    const { reach, ref, now, graceMs = GRACE_MS } = this.#deps;
    const askedAtMs = now();
    if (Math.abs(askedAtMs - this.#askedAtMs) < FRESH_MS) return this.#config;
    try {
      const asked = reach.workspace(workspaceOf(ref.destinationId)).laneConfig(ref.destinationId);
      const config = await inTime(asked, ASK_MS_MAX);
      this.#config = config;
      this.#askedAtMs = askedAtMs;
      return config;
    } catch {
      return Math.abs(askedAtMs - this.#askedAtMs) < graceMs ? this.#config : undefined;
    }
  }

  /** Whether the lane's storage was set back, so that nothing of it may be shown. */
  async isSetBack(): Promise<boolean> {
    const config = await this.config();
    return config !== undefined && !this.#deps.guard.admits(config.deletion);
  }

  /** Whether that version of the suppressions, or a later one, is what events are decided by. */
  async suppress(version: number): Promise<boolean> {
    this.expire();
    const config = await this.config();
    if (config === undefined || (config.suppressions ?? 0) < version) return false;
    return this.#suppressed.follow(config);
  }

  /** What the rules make of one event now; `undefined` when suppressions could not be loaded. */
  async decideNow(
    config: LaneConfig,
    event: Readonly<Record<string, unknown>>,
  ): Promise<Decision | undefined> {
    if (!(await this.#suppressed.follow(config))) return undefined;
    return this.#suppressed.holds(event) ? SUPPRESSED : decide(event, readyRules(config.rules));
  }

  /** Has the workspace asked again before anything else is delivered. */
  expire(): void {
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether what it wrote stands in the region's own bucket, where it stays once it is deleted. */
  keepsFilesOfOurs({ slug }: Pick<LaneConfig, "slug">): boolean {
    return this.#deps.destinations.get(slug)?.keepsFilesOfOurs === true;
  }

  /** A deliverer of its own, for a test that is watched; and the secrets to mask in what it shows. */
  async makeWatched(config: LaneConfig, observe: EgressObserver): Promise<Watched | undefined> {
    try {
      const opened = this.#open(config);
      const secrets = new Set(Object.values(opened));
      const offered = this.#deps.destinations.get(config.slug);
      const keepSecrets = async (fields: Readonly<Record<string, string>>): Promise<void> => {
        for (const text of Object.values(fields)) secrets.add(text);
        await this.#keep(config, fields);
      };
      const ground = { ...this.#ground(config, opened, observe), keepSecrets };
      const deliverer = await offered?.make(ground);
      if (deliverer === undefined) return undefined;
      const credentials = async (): Promise<CredentialTest | undefined> =>
        offered?.testCredentials?.(ground);
      return { deliverer, credentials, secrets };
    } catch {
      return undefined;
    }
  }

  async #make(config: LaneConfig): Promise<ReadyDestination | undefined> {
    const made = await this.makeWatched(config, this.#deps.observer);
    if (made === undefined) return undefined;
    const before = this.#made?.ready.deliverer;
    const rules = readyRules(config.rules);
    const ready: ReadyDestination = {
      deliverer: made.deliverer,
      decide: (event, line) =>
        this.#suppressed.holds(event, line) ? SUPPRESSED : decide(event, rules),
      rule: { ...RETRY_RULE, forMs: config.retryMs },
    };
    this.#made = { from: madeFrom(config), ready };
    this.#brokenFrom = undefined;
    this.#deps.changed(before !== undefined);
    await before?.close?.();
    return ready;
  }

  #open({ sealed, destinationId, region }: LaneConfig): Readonly<Record<string, string>> {
    if (sealed === undefined) return {};
    const owner = workspaceOf(destinationId);
    const keys = this.#deps.config.sealingKeys[region];
    const dataKey = unwrapDataKey(sealed.wrappedKey, owner, keys);
    return Object.fromEntries(
      sealed.fields.map(({ field, sealed: bytes }) => [
        field,
        openSecret(dataKey, placeOfSecret(destinationId, field), bytes),
      ]),
    );
  }

  /** Hands over secrets that the destination renewed; they travel as sealed as they came. */
  async #keep(
    { destinationId, region, sealed, version }: LaneConfig,
    fields: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (sealed === undefined) return;
    const owner = workspaceOf(destinationId);
    const dataKey = unwrapDataKey(sealed.wrappedKey, owner, this.#deps.config.sealingKeys[region]);
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
    const renewed = Object.entries(fields).map(([field, text]) => ({
      field,
      sealed: sealSecret(dataKey, placeOfSecret(destinationId, field), text, random),
    }));
    // The vendor may take the old ones no more, so a workspace that does not answer is asked again.
    for (let tries = 1; ; tries++) {
      try {
        const workspace = this.#deps.reach.workspace(owner);
        const asked = workspace.renewSecrets(destinationId, version, renewed);
        return await inTime(asked, ASK_MS_MAX);
      } catch (error) {
        if (tries === KEEP_TRIES_MAX) throw error;
        await scheduler.wait(KEEP_AGAIN_MS);
      }
    }
  }

  #ground(
    config: LaneConfig,
    secrets: Readonly<Record<string, string>>,
    observe: EgressObserver,
  ): DestinationGround {
    const { config: deployment, reach, ref } = this.#deps;
    const lake = { config: deployment, reach, sourceId: ref.sourceId, observe };
    return {
      region: regionOf(ref.destinationId),
      destinationId: ref.destinationId,
      sourceId: ref.sourceId,
      sourceName: config.sourceName,
      settings: { ...config.settings, ...secrets },
      mappings: config.mappings,
      declaredHosts: config.declaredHosts,
      development: deployment.environment === "development",
      observe,
      bucket: parquetBuckets(lake, config),
    };
  }
}
