import type { SourceId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import { exportConnections } from "../src/workspace/config-connections.ts";
import { exportDestinations, planDestinations } from "../src/workspace/config-destinations.ts";
import {
  exportConfig,
  planConfig,
  type ConfigDocument,
  type Held,
  type PlanEntry,
  type PlanStep,
} from "../src/workspace/config-document.ts";
import type { AdminRefusal, Answer } from "../src/workspace/ports.ts";
import { DESTINATIONS } from "./offered-destinations.ts";
import { WorkspaceConnections } from "./workspace-connections.ts";
import { WorkspaceDestinations } from "./workspace-destinations.ts";
import { WorkspaceEdge } from "./workspace-edge.ts";
import type { WorkspaceSources } from "./workspace-sources.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** What applying a document did, and the sources whose queues have to hear of it. */
export type Applied = {
  readonly plan: readonly PlanEntry[];
  readonly changed: readonly SourceId[];
};

/** The configuration of a workspace as one document. Each act runs inside a turn. */
export class WorkspaceConfig {
  readonly #turn: WorkspaceTurn;
  readonly #sources: WorkspaceSources;
  readonly #edge: WorkspaceEdge;
  readonly #destinations: WorkspaceDestinations;
  readonly #connections: WorkspaceConnections;

  constructor(turn: WorkspaceTurn, sources: WorkspaceSources) {
    this.#turn = turn;
    this.#sources = sources;
    this.#destinations = new WorkspaceDestinations(turn, DESTINATIONS);
    this.#connections = new WorkspaceConnections(turn);
    this.#edge = new WorkspaceEdge(turn);
  }

  export(by: Acting): Answer<ConfigDocument> {
    this.#turn.note(by, "config.export", this.#turn.id);
    const destinations = exportDestinations(this.#destinations.held());
    const connections = exportConnections(this.#turn.connections.list());
    return ok({
      ...exportConfig(this.#held()),
      ...(destinations.length === 0 ? {} : { destinations }),
      ...(connections.length === 0 ? {} : { connections }),
    });
  }

  /**
   * Plans the document and, unless `plan` is set, does all of it.
   *
   * @throws Undone when a step is refused, so that the transaction around it leaves nothing behind.
   */
  apply(
    by: Acting,
    document: ConfigDocument,
    options: { readonly plan: boolean; readonly prune: boolean },
  ): Answer<Applied> {
    const steps = planConfig(this.#held(), document, options.prune);
    const later = planDestinations(
      this.#destinations.held(),
      document.destinations ?? [],
      document.region,
      options.prune && document.destinations !== undefined,
    );
    const connections = this.#connections.plan(document, options.prune);
    if (options.plan) {
      const all = [...steps, ...later, ...connections];
      const entries = all.map(({ entry }) => this.#keyed(entry));
      return ok({ plan: entries, changed: [] });
    }
    const plan: PlanEntry[] = [];
    const changed: SourceId[] = [];
    for (const step of steps) {
      const done = this.#do(by, step);
      if (!done.ok) throw new Undone(done.error);
      const entry = done.value === undefined ? step.entry : { ...step.entry, id: done.value };
      plan.push(this.#keyed(entry));
      if (done.value !== undefined) changed.push(done.value);
    }
    for (const step of later) {
      const done = this.#destinations.apply(by, step, sourcesOf(document, plan));
      if (!done.ok) throw new Undone(done.error);
      plan.push(done.value === undefined ? step.entry : { ...step.entry, id: done.value.id });
      if (done.value !== undefined) changed.push(done.value.sourceId);
    }
    for (const step of connections) {
      const done = this.#connections.apply(by, step);
      if (!done.ok) throw new Undone(done.error);
      plan.push(done.value === undefined ? step.entry : { ...step.entry, id: done.value.id });
    }
    if (plan.some((entry) => entry.action !== "unchanged" && entry.action !== "not-applicable")) {
      this.#turn.note(by, "config.apply", this.#turn.id);
    }
    return ok({ plan, changed });
  }

  /** The entry with the write key that the SDKs of a source that moved have to be given. */
  #keyed(entry: PlanEntry): PlanEntry {
    if (entry.sdk === undefined || entry.id === undefined) return entry;
    const source = this.#sources.show(entry.id);
    const keys = source.ok ? source.value.writeKeys : [];
    const writeKey = keys.findLast(({ state }) => state === "live")?.writeKey ?? null;
    return { ...entry, sdk: { ...entry.sdk, writeKey } };
  }

  /** Does one step; the id of the source it changed, if it changed one. */
  #do(by: Acting, { act }: PlanStep): Answer<SourceId | undefined> {
    if (act === undefined) return ok(undefined);
    if (act.kind === "settle") {
      const changed = this.#edge.change(by, act.change);
      return changed.ok ? ok(undefined) : changed;
    }
    const source =
      act.kind === "create"
        ? this.#sources.add(by, act.draft)
        : act.kind === "update"
          ? this.#sources.change(by, act.id, act.patch)
          : this.#sources.remove(by, act.id);
    return source.ok ? ok(source.value.id) : source;
  }

  #held(): Held {
    const { tables, home, config } = this.#turn;
    return {
      home,
      name: tables.workspace()?.name ?? "",
      edge: this.#edge.settings(),
      sources: tables.sources(),
      hosts: config.hosts,
    };
  }
}

/** The sources that a document's became or are, by their ids and names in the document. */
function sourcesOf(
  document: ConfigDocument,
  plan: readonly PlanEntry[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const entries = plan.filter(({ kind }) => kind === "source");
  document.sources.forEach(({ id, name }, i) => {
    const became = entries[i]?.id;
    if (became === undefined) return;
    found.set(name, became);
    if (id !== undefined) found.set(id, became);
  });
  return found;
}

/** Carries a refusal out of a transaction that has to leave nothing behind. */
export class Undone extends Error {
  readonly refusal: AdminRefusal;

  constructor(refusal: AdminRefusal) {
    super(`undone: ${refusal.kind}`);
    this.refusal = refusal;
  }
}

/** Runs `work`; a refusal that was thrown to undo it becomes its answer. */
export function undoing<T>(work: () => Answer<T>): Answer<T> {
  try {
    return work();
  } catch (error) {
    if (error instanceof Undone) return err(error.refusal);
    throw error;
  }
}
