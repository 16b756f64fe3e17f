import { DurableObject } from "cloudflare:workers";

import { parseConfig, type Config } from "../src/config.ts";
import { workspaceOf } from "../src/core/ids.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import { scrubStorage } from "../src/core/scrub-storage.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Destinations } from "../src/deliver/destinations.ts";
import { standing } from "../src/region/placement.ts";
import {
  isGoing,
  NO_COUNTS,
  stateAfter,
  type ReplayAct,
  type ReplayCounts,
  type ReplayRefusal,
  type ReplaySpec,
  type ReplayState,
  type ReplayStatus,
} from "../src/replay/replay.ts";
import type { ReplayPort } from "../src/services.ts";
import { emptyObject } from "./emptying.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { DESTINATIONS } from "./offered-destinations.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { ReplayCatalogue } from "./replay-catalogue.ts";
import { ReplayWork } from "./replay-work.ts";
import { migrate } from "./storage/migrate.ts";
import { ReplayStorage } from "./storage/replay-storage.ts";
import { REPLAY_MIGRATIONS } from "./storage/replay.schema.ts";

/** Of one alarm: well under what an alarm may take, and its CPU time. */
const SLICE_MS_MAX = 20_000;

/** When the alarm comes back if a slice dies without a word. */
const WATCHDOG_MS = 60_000;

/** What is kept besides positions. */
type Held = {
  readonly state: ReplayState;
  readonly planned: ReplayStatus["planned"];
  readonly dryRun: ReplayCounts | undefined;
  readonly error: string | undefined;
  readonly updatedAtMs: number;
};

/**
 * One replay: archived events of one source are sent to one destination again.
 *
 * State: tables `state`, `files`, `waiting`, `counts`, `evidence`. Alarm: the next slice, or evidence to
 * tell; while a slice runs, the moment to begin again should it die.
 */
export class Replay extends DurableObject<Env> implements ReplayPort {
  readonly #config: Config;
  readonly #reach: Reach;
  readonly #evidence: EvidenceKeeper;
  readonly #destinations: Destinations;
  #work: ReplayWork | undefined;
  #slice: Promise<void> | undefined;
  /** Whether somebody wants a slice that has not begun yet. */
  #isAsked = false;

  constructor(ctx: DurableObjectState, env: Env, destinations: Destinations = DESTINATIONS) {
    super(ctx, env);
    this.#config = parseConfig(env as unknown as Record<string, unknown>);
    const self = standing(ctx.id, this.#config.jurisdictions);
    const { name } = self;
    if (name.kind !== "replay") throw new Error("outside_jurisdiction: This object is no replay");
    this.#destinations = destinations;
    this.#reach = reach(env, this.#config);
    migrate(ctx.storage, REPLAY_MIGRATIONS);
    this.#evidence = new EvidenceKeeper({
      storage: ctx.storage,
      standing: self,
      push: (report) => this.#reach.workspace(workspaceOf(name.replayId)).takeEvidence(report),
      now: () => Date.now(),
    });
    // After a crash there is only the watchdog's alarm; whoever asks for the replay wakes it earlier.
    ctx.waitUntil(this.wake());
  }

  async begin(spec: ReplaySpec, isDryRun: boolean): Promise<ReplayStatus> {
    const held = this.#held();
    if (held !== undefined) return this.#status(held);
    const planned = await new ReplayCatalogue(this.#reach, spec).planned();
    this.ctx.storage.transactionSync(() => {
      if (this.#held() !== undefined) return;
      this.#set("spec", JSON.stringify(spec));
      this.#save({ state: isDryRun ? "counting" : "running", planned });
    });
    await this.ctx.storage.setAlarm(Date.now());
    return this.#status(this.#held());
  }

  async status(): Promise<ReplayStatus | undefined> {
    const held = this.#held();
    return held === undefined ? undefined : this.#status(held);
  }

  async act(act: ReplayAct): Promise<Result<ReplayStatus, ReplayRefusal>> {
    const held = this.#held();
    const next = held === undefined ? undefined : stateAfter(held.state, act);
    if (held === undefined || next === undefined) {
      return err({ kind: "replay-state", state: held?.state ?? "failed" });
    }
    if (next !== held.state) {
      if (held.state === "planned") this.#forgetDryRun(held);
      this.#save({ state: next, error: undefined });
      this.#work?.stop();
      await this.#ask();
    }
    return ok(this.#status(this.#held()));
  }

  async wake(): Promise<void> {
    const held = this.#held();
    if (held !== undefined && isGoing(held.state)) await this.#ask();
  }

  /** Nothing wakes it again: whoever could was told of it by the workspace, which has forgotten it. */
  async leave(): Promise<void> {
    await emptyObject(this.ctx);
  }

  /** Between two slices: what waits is copied into clean pages. */
  async scrub(): Promise<void> {
    while (this.#slice !== undefined) await this.#slice;
    const { freeBytes } = new ReplayStorage(this.ctx.storage);
    const nextTurn = (): Promise<void> => scheduler.wait(0);
    const work = scrubStorage(this.ctx.storage, { freeBytes, nextTurn });
    this.#slice = work
      .catch(() => undefined)
      .finally(() => {
        this.#slice = undefined;
      });
    await work;
  }

  override async alarm(): Promise<void> {
    // It is spent now, whatever else is at work.
    while (this.#slice !== undefined) await this.#slice;
    this.#slice = this.#runSlice().finally(() => {
      this.#slice = undefined;
    });
    await this.#slice;
  }

  /** A slice that is running sets the alarm when it ends, and may have looked at the state before. */
  async #ask(): Promise<void> {
    this.#isAsked = true;
    await this.ctx.storage.setAlarm(Date.now());
  }

  async #runSlice(): Promise<void> {
    this.#isAsked = false;
    const held = this.#held();
    const spec = this.#spec();
    if (held === undefined || spec === undefined) return;
    await this.ctx.storage.setAlarm(Date.now() + WATCHDOG_MS);
    let atMs: number | undefined;
    try {
      atMs = isGoing(held.state) ? await this.#goOn(held, spec) : await this.#stop(spec);
    } catch {
      // The cause may quote an event. Memory may be ahead of storage: begin anew from there.
      this.ctx.abort("a replay failed");
    }
    await this.#evidence.run();
    const toldAtMs = await this.#tellFailure(spec);
    const askedAtMs = this.#isAsked ? Date.now() : undefined;
    const times = [askedAtMs, atMs, toldAtMs, this.#evidence.dueAtMs].filter(
      (time) => time !== undefined,
    );
    if (times.length === 0) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(Date.now(), Math.min(...times)));
  }

  /** The workspace hears that it failed, and that it does not stand so any more; when to try again. */
  async #tellFailure({ id, sourceId }: ReplaySpec): Promise<number | undefined> {
    const held = this.#held();
    const isFailed = held?.state === "failed";
    if (held === undefined || isFailed === (this.#get("told-failed") === "yes")) return undefined;
    const workspace = this.#reach.workspace(workspaceOf(sourceId));
    try {
      if (isFailed) await workspace.raiseAlert("replay_failed", id, id, held.updatedAtMs);
      else await workspace.clearAlert("replay_failed", id);
      this.#set("told-failed", isFailed ? "yes" : "no");
      return undefined;
    } catch {
      return Date.now() + WATCHDOG_MS;
    }
  }

  /** One slice of going through files; when the next is due. */
  async #goOn(held: Held, spec: ReplaySpec): Promise<number | undefined> {
    const work = this.#workOn(spec, held.state === "counting");
    const end = await work.run(Date.now() + SLICE_MS_MAX);
    // Somebody may have paused or cancelled it while it ran.
    if (this.#held()?.state !== held.state) return Date.now();
    switch (end.kind) {
      case "again":
        return end.atMs;
      case "failed":
        this.#save({ state: "failed", error: end.error });
        return Date.now();
      case "done":
        if (held.state === "counting") this.#save({ state: "planned", dryRun: work.counts() });
        else this.#save({ state: "done" });
        return undefined;
    }
  }

  /** A replay that does not go on has no turn and no event in hand. */
  async #stop(spec: ReplaySpec): Promise<undefined> {
    const work = this.#workOn(spec, false);
    await work.release();
    this.#work = undefined;
    return undefined;
  }

  #workOn(spec: ReplaySpec, isDryRun: boolean): ReplayWork {
    return (this.#work ??= new ReplayWork({
      ctx: this.ctx,
      config: this.#config,
      reach: this.#reach,
      spec,
      destinations: this.#destinations,
      evidence: this.#evidence,
      isDryRun,
    }));
  }

  /** What the dry run counted is kept; where it was is not. */
  #forgetDryRun(held: Held): void {
    this.#work = undefined;
    this.ctx.storage.transactionSync(() => {
      for (const table of ["files", "waiting", "counts"]) {
        this.ctx.storage.sql.exec(`DELETE FROM ${table}`);
      }
      const kept = "('spec', 'held')";
      this.ctx.storage.sql.exec(`DELETE FROM state WHERE name NOT IN ${kept}`);
      this.#save(held);
    });
  }

  #status(held: Held | undefined): ReplayStatus {
    const spec = this.#spec();
    if (held === undefined || spec === undefined)
      throw new Error("Cannot show a replay: none began");
    const isCounting = held.state === "counting" || held.state === "planned";
    const work = this.#work ?? this.#workOn(spec, isCounting);
    return {
      ...held,
      counts: isCounting ? NO_COUNTS : work.counts(),
      dryRun: held.dryRun ?? (isCounting ? work.counts() : undefined),
      waitsFor: isGoing(held.state) ? work.waitsFor : undefined,
      error: held.error ?? (isGoing(held.state) ? work.error : undefined),
    };
  }

  #held(): Held | undefined {
    const text = this.#get("held");
    return text === undefined ? undefined : readStored<Held>(text);
  }

  #spec(): ReplaySpec | undefined {
    const text = this.#get("spec");
    return text === undefined ? undefined : readStored<ReplaySpec>(text);
  }

  #save(change: Partial<Held>): void {
    const first: Held = {
      state: "running",
      planned: { files: 0, events: 0 },
      dryRun: undefined,
      error: undefined,
      updatedAtMs: 0,
    };
    const held = { ...first, ...this.#held(), ...change, updatedAtMs: Date.now() };
    this.#set("held", JSON.stringify(held));
  }

  #get(name: string): string | undefined {
    const [row] = this.ctx.storage.sql
      .exec<{ value: string }>("SELECT value FROM state WHERE name = ?", name)
      .toArray();
    return row?.value;
  }

  #set(name: string, value: string): void {
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
      name,
      value,
    );
  }
}
