import type { SourceId } from "../core/ids.ts";
import { inTime } from "../core/in-time.ts";
import type { SourceLookup } from "../services.ts";
import { ASK_MS_MAX, leaseState } from "./config-lease.ts";
import type { Route, SourceConfig } from "./source-config.ts";

/** Sources whose config one isolate holds; the one asked for longest ago goes first. */
const SOURCES_MAX = 5_000;

/**
 * The configs of sources as one isolate of the Worker holds them, by the same lease as a queue. Held
 * as values: a promise of one request may not be awaited by another, so each asks for itself.
 */
export class SourceConfigs {
  readonly #held = new Map<SourceId, { readonly config: SourceConfig; readonly atMs: number }>();

  /**
   * The config of a source, asked for if the one held is not fresh.
   *
   * @param ask reaches the Workspace object; `undefined` says that it knows no such source.
   * @param later keeps the request's work alive after its answer, for a renewal ahead of time.
   */
  async lookup(
    sourceId: SourceId,
    deps: {
      ask(): Promise<SourceConfig | undefined>;
      now(): number;
      later(work: Promise<unknown>): void;
    },
  ): Promise<SourceLookup> {
    const held = this.#held.get(sourceId);
    const state = leaseState(held === undefined ? undefined : deps.now() - held.atMs);
    if (held !== undefined && (state === "fresh" || state === "renew")) {
      if (state === "renew") deps.later(this.#ask(sourceId, deps));
      return { kind: "found", config: held.config };
    }
    const asked = await this.#ask(sourceId, deps);
    if (asked.kind === "unavailable" && held !== undefined && state === "stale") {
      return { kind: "found", config: held.config };
    }
    return asked;
  }

  /** Takes over a route that a queue answered with, if it is newer than the one held. */
  learn(sourceId: SourceId, route: Route): void {
    const held = this.#held.get(sourceId);
    if (held === undefined || held.config.route.n > route.n) return;
    this.#held.set(sourceId, { ...held, config: { ...held.config, route } });
  }

  async #ask(
    sourceId: SourceId,
    deps: { ask(): Promise<SourceConfig | undefined>; now(): number },
  ): Promise<SourceLookup> {
    const atMs = deps.now();
    try {
      const asked = await inTime(deps.ask(), ASK_MS_MAX);
      const held = this.#held.get(sourceId)?.config;
      this.#held.delete(sourceId);
      if (asked === undefined) return { kind: "unknown" };
      // An answer that was long on its way must not undo a newer route that a queue told of.
      const isOlder = held !== undefined && held.route.n > asked.route.n;
      const config = isOlder ? { ...asked, route: held.route } : asked;
      const [oldest] = this.#held.keys();
      if (this.#held.size >= SOURCES_MAX && oldest !== undefined) this.#held.delete(oldest);
      this.#held.set(sourceId, { config, atMs });
      return { kind: "found", config };
    } catch {
      return { kind: "unavailable" };
    }
  }
}
