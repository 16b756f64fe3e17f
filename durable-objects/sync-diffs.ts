import { readStored } from "../src/core/stored-json.ts";
import type { DiffPiece, EngineKind } from "../src/sync/engine/change.ts";
import { chosenKeys } from "../src/sync/engine/chosen-keys.ts";
import type { DiffInput, PartitionInput } from "../src/sync/engine/diff-input.ts";
import { diff } from "../src/sync/engine/diff.ts";
import { planOf, type Plan } from "../src/sync/engine/plan.ts";
import { RowHasher } from "../src/sync/engine/row-hash.ts";
import type { SpillStore } from "../src/sync/engine/spill.ts";
import type { RecordMapper } from "../src/sync/mapping/mapping.ts";
import {
  destinationContract,
  firstContract,
  fullSyncReason,
  isOtherContract,
  mixedContract,
  type SyncContract,
} from "../src/sync/run/contract.ts";
import { behaviourNeeds } from "../src/sync/run/needs.ts";
import type { Diff } from "../src/sync/run/ports.ts";
import { RunFailed } from "../src/sync/run/run-failed.ts";
import type { FullSyncReason } from "../src/sync/run/run.ts";
import type { SyncState } from "../src/sync/engine/state/sync-state.ts";
import type { RunRequest } from "../src/sync/ports.ts";
import type { HashSeeds, Source } from "../src/sync/source/source.ts";
import type { Sync } from "../src/sync/sync.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

/** The name under which the object keeps what the run under way began with. */
export const NEXT_CONTRACT = "next-contract";

export type SyncDiffsDeps = {
  readonly storage: SyncStorage;
  readonly state: SyncState;
  readonly request: RunRequest;
  readonly sync: Sync;
  readonly source: Source;
  readonly mapper: RecordMapper;
  readonly seeds: HashSeeds;
  /** Whether there is nothing to read, as an append's window says. */
  readonly isEmpty: boolean;
  readonly spill: SpillStore;
  /** Gives other requests their turn. */
  readonly nextTurn: () => Promise<unknown>;
  /** How the engine is chosen, and in which pieces it works; tests have their own. */
  readonly planOf?: typeof planOf;
  readonly pieces?: Pick<PartitionInput, "pieces" | "spillLimits">;
};

/** Finds what became different, by the engine that suits the source and what is known of it. */
export class SyncDiffs {
  readonly #deps: SyncDiffsDeps;

  constructor(deps: SyncDiffsDeps) {
    this.#deps = deps;
  }

  async begin(position: string | undefined): Promise<Diff> {
    const { source, sync, state, mapper, request, storage } = this.#deps;
    const contract: SyncContract = {
      mapping: mapper.contract,
      source: source.kind === "sql" ? await source.contract() : "files",
      destination: destinationContract(sync),
      key: JSON.stringify(sync.key),
      behaviour: sync.behaviour,
    };
    const heldText = storage.get("contract");
    const held = heldText === undefined ? undefined : readStored<SyncContract>(heldText);
    const isOtherKey = position === undefined && held !== undefined && held.key !== contract.key;
    if (isOtherKey && request.kind === "dry_run") {
      const message = "The sync key was changed since the last run: the next one sends all rows.";
      throw new RunFailed("key_changed", message);
    }
    if (isOtherKey) storage.transaction(() => state.clear());
    const accepted = state.counts().there;
    const isWhole = request.keys === undefined && request.kind !== "test";
    const isOnce = sync.behaviour === "append";
    const ground = { held, now: contract, isRequested: request.isFull, accepted, isOnce };
    const fullSync = isWhole ? fullSyncReason(ground) : undefined;
    // It counts once all of the run was sent.
    storage.set(NEXT_CONTRACT, JSON.stringify(contract));
    if (held !== undefined && request.kind !== "dry_run") {
      storage.set("contract", JSON.stringify(mixedContract(held, contract)));
    }
    if (isOtherKey || (held === undefined && accepted === 0)) {
      storage.set("contract", JSON.stringify(firstContract(contract)));
    }
    const input: Input = {
      state,
      selection: { columns: mapper.columns, key: sync.key },
      needs: behaviourNeeds(sync),
      isFull: request.kind === "test" || (fullSync !== undefined && fullSync !== "first_run"),
      position,
    };
    const isContractChanged = held !== undefined && held.source !== contract.source;
    const plan = (this.#deps.planOf ?? planOf)({
      source,
      needs: input.needs,
      accepted,
      lastChanges: this.#lastChanges(),
      fullSync: fullSync === undefined ? undefined : FULL_SYNC_WORDS[fullSync],
      isTest: request.kind === "test",
      readsInOrder: position === undefined ? undefined : readsInOrder(storage),
      isContractChanged,
    });
    const isChosen = request.keys !== undefined;
    const why = isChosen ? "Only chosen keys were asked for." : plan.why;
    return {
      engine: { kind: plan.engine, why },
      fullSync,
      isContractChanged,
      pieces: (signal, switched) => this.#pieces(plan, { ...input, signal }, switched),
    };
  }

  #lastChanges(): number | undefined {
    const text = this.#deps.storage.get("last-changes");
    return text === undefined ? undefined : Number(text);
  }

  #pieces(
    plan: Plan,
    input: Input & { readonly signal: AbortSignal },
    switched: (engine: EngineKind, why: string) => void,
  ): AsyncIterable<DiffPiece> {
    const { source, request, spill, seeds, isEmpty, nextTurn, pieces } = this.#deps;
    if (isEmpty) return nothing();
    if (request.keys !== undefined) {
      const { key, columns } = input.selection;
      const hasher = new RowHasher(
        seeds,
        key.map((column) => columns.indexOf(column)),
      );
      return chosenKeys(source, input, request.keys, hasher);
    }
    return diff(source, { ...input, plan, switched, spill, nextTurn, ...pieces });
  }
}

/** @throws RunFailed when the sync is another than the one whose changes this run has found. */
export function checkUnchanged(storage: SyncStorage, sync: Sync, mapper: RecordMapper): void {
  const { phase, position } = storage.progress();
  const text = storage.get(NEXT_CONTRACT);
  if (text === undefined || (phase === "identify" && position === undefined)) return;
  const { behaviour } = sync;
  const now = { mapping: mapper.contract, destination: destinationContract(sync), behaviour };
  if (!isOtherContract(readStored<SyncContract>(text), now)) return;
  const message = "The sync was changed while it ran; the next run does what it says now.";
  throw new RunFailed("sync_changed", message);
}

/** Why the run under way reads every row in order, if it does. */
function readsInOrder(storage: SyncStorage): string | undefined {
  const { engine } = storage.run();
  return engine?.kind === "ordered_merge" ? engine.why : undefined;
}

/** No piece at all. */
async function* nothing(): AsyncGenerator<DiffPiece> {
  // Without a step an async generator is no generator.
  yield* [];
}

type Input = Omit<DiffInput, "signal">;

/** Why everything is sent, in words for people. */
const FULL_SYNC_WORDS: Readonly<Record<FullSyncReason, string>> = {
  first_run: "it is the first run",
  requested: "somebody asked for it",
  mapping_changed: "the mappings changed",
  destination_changed: "the destination changed",
  behaviour_changed: "the sync's behaviour changed",
  state_lost: "it is not known what was accepted",
};
