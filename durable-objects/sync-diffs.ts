import { readStored } from "../src/core/stored-json.ts";
import { orderedMerge } from "../src/sync/engine/ordered-merge.ts";
import type { Change, DiffPiece, EngineKind } from "../src/sync/engine/change.ts";
import type { DiffInput } from "../src/sync/engine/diff-input.ts";
import type { RecordMapper } from "../src/sync/mapping/mapping.ts";
import {
  destinationContract,
  fullSyncReason,
  type SyncContract,
} from "../src/sync/run/contract.ts";
import { behaviourNeeds } from "../src/sync/run/needs.ts";
import type { Diff } from "../src/sync/run/ports.ts";
import { RunFailed } from "../src/sync/run/run-work.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { OpenedSource } from "../src/sync/source/open-source.ts";
import type { Selection, SourceRow } from "../src/sync/source/source.ts";
import type { Sync } from "../src/sync/sync.ts";
import type { OpeningDeps } from "./sync-opening.ts";

/** Rows of chosen keys handed over at once. */
const CHOSEN_ROWS = 500;

export type SyncDiffsDeps = Pick<OpeningDeps, "storage" | "state" | "request" | "signal"> & {
  readonly sync: Sync;
  readonly source: OpenedSource;
  readonly mapper: RecordMapper;
  readonly run: SyncRun;
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
    };
    const held = storage.get("contract");
    const fullSync = fullSyncReason({
      held: held === undefined ? undefined : readStored<SyncContract>(held),
      now: contract,
      isRequested: request.isFull,
      acceptedBefore: state.counts().there,
    });
    // It counts once all of the run was sent.
    storage.set("next-contract", JSON.stringify(contract));
    const selection: Selection = { columns: mapper.columns, key: sync.key };
    const input = {
      state,
      selection,
      needs: behaviourNeeds(sync),
      isFull: request.kind === "test" || (fullSync !== undefined && fullSync !== "first_run"),
      position,
    };
    const { keys } = request;
    if (keys !== undefined) {
      return {
        engine: { kind: this.#engine(), why: "only chosen keys were asked for" },
        fullSync: undefined,
        pieces: (signal) => chosenRows(source, selection, keys, signal),
      };
    }
    return {
      engine: { kind: this.#engine(), why: "it is the first one there is" },
      fullSync,
      pieces: (signal) => this.#pieces({ ...input, signal }),
    };
  }

  #engine(): EngineKind {
    return this.#deps.source.kind === "sql" ? "ordered_merge" : "partition_join";
  }

  #pieces(input: DiffInput): AsyncIterable<DiffPiece> {
    const { source } = this.#deps;
    if (source.kind === "sql") return orderedMerge(source, input);
    throw new RunFailed("not_offered", "Files cannot be compared yet.");
  }
}

/** The rows of chosen keys as changes; what the source does not have is left out. */
async function* chosenRows(
  source: OpenedSource,
  selection: Selection,
  keys: readonly SourceRow[],
  signal: AbortSignal,
): AsyncIterable<DiffPiece> {
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  const places = selection.key.map((column) => selection.columns.indexOf(column));
  const rows =
    source.kind === "sql" ? source.rowsOf(selection, keys, signal) : source.read(selection, signal);
  for await (const batch of rows) {
    const chosen = batch.rows.filter(({ row }) =>
      wanted.has(JSON.stringify(places.map((place) => row[place] ?? null))),
    );
    for (let from = 0; from < chosen.length; from += CHOSEN_ROWS) {
      yield {
        changes: chosen
          .slice(from, from + CHOSEN_ROWS)
          .map((row): Change => ({ kind: "update", ...row })),
        settled: [],
        invalid: [],
        invalidUnread: 0,
        read: { rows: chosen.length, bytes: batch.bytes },
        position: undefined,
      };
    }
  }
}
