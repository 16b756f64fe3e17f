import type { RegulationId, SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import { parseName } from "../src/region/object-names.ts";
import { newProgress, STEPS, type Progress, type Step } from "../src/regulation/progress.ts";
import { effectsOf, SHOWN_MS, type Regulation } from "../src/regulation/regulation.ts";
import type { JournalTable, NumberedRegulation } from "./storage/journal-table.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Objects that take part in deletions, and the step in which they do. */
const STEP_OF = { queue: "settle", lane: "lanes" } as const satisfies Record<string, Step>;
export type GuardedKind = keyof typeof STEP_OF;

type RestoresTurn = Pick<WorkspaceTurn, "regulations" | "transaction" | "note"> & {
  readonly journal: JournalTable;
};

/**
 * What a Workspace knows of objects whose storage was set back to an earlier time: by which deletion
 * each has to have come, and the deletions that have to be done again when one has not.
 */
export class WorkspaceRestores {
  readonly #turn: RestoresTurn;
  /** Numbers that were worked out, until something about a regulation changes. */
  readonly #required = new Map<string, number>();

  constructor(turn: RestoresTurn) {
    this.#turn = turn;
  }

  /** The last deletion that every object of the kind has taken part in, unless it was set back. */
  required(sourceId: SourceId, kind: GuardedKind): number {
    const key = `${sourceId} ${kind}`;
    const known = this.#required.get(key);
    if (known !== undefined) return known;
    let required = 0;
    for (const { number, regulation } of this.#deletions(sourceId)) {
      if (!this.#hasPassed(regulation, kind)) continue;
      required = number;
      break;
    }
    this.#required.set(key, required);
    return required;
  }

  /** Called with every change of a regulation. */
  forget(): void {
    this.#required.clear();
  }

  /** Has the deletions done again that an object has lost; which ones. */
  repeat(object: string, number: number, nowMs: number): readonly RegulationId[] {
    const name = parseName(object);
    if (name?.kind !== "queue" && name?.kind !== "lane") return [];
    const lost: NumberedRegulation[] = [];
    for (const deletion of this.#deletions(name.sourceId)) {
      if (deletion.number <= number) break;
      if (!this.#comesBy(deletion.regulation, name.kind, object)) lost.push(deletion);
    }
    this.#turn.transaction(() => {
      for (const { regulation } of lost) {
        const { certificate, archives } = this.#progress(regulation);
        const again: Progress = {
          ...newProgress(regulation.type),
          isAgain: true,
          ...(archives === undefined ? {} : { archives }),
          ...(certificate === undefined ? {} : { certificate }),
        };
        this.#turn.journal.reopen(regulation.id, JSON.stringify(again));
        this.#turn.note({ actor: "journal", nowMs }, "regulation.repeat", regulation.id);
      }
    });
    this.forget();
    return lost.map(({ regulation }) => regulation.id);
  }

  /**
   * Whether all earlier deletions that are done again have come by an object, so that this one may:
   * the number of the last one is all that the object keeps.
   */
  isNext(id: RegulationId, object: string): boolean {
    const name = parseName(object);
    if (name?.kind !== "queue" && name?.kind !== "lane") return true;
    for (const earlier of this.#turn.regulations.open()) {
      if (earlier.id === id) return true;
      const comesBy =
        isDeletionOf(earlier, name.sourceId) &&
        takesPart(earlier, name.kind) &&
        this.#comesBy(earlier, name.kind, object);
      if (comesBy && this.#progress(earlier).isAgain === true) return false;
    }
    return true;
  }

  /** Deletions that a source takes part in, the last one first. */
  *#deletions(sourceId: SourceId): Generator<NumberedRegulation> {
    // Whom older ones named is forgotten, but no storage can be set back that far.
    for (const numbered of this.#turn.journal.back(sourceId, Date.now() - SHOWN_MS)) {
      if (isDeletionOf(numbered.regulation, sourceId)) yield numbered;
    }
  }

  #progress({ id, type }: Regulation): Progress {
    const held = readStored<Partial<Progress>>(this.#turn.regulations.progress(id));
    return { ...newProgress(type), ...held };
  }

  #hasPassed(regulation: Regulation, kind: GuardedKind): boolean {
    if (!takesPart(regulation, kind)) return false;
    if (regulation.finishedAtMs !== undefined) return true;
    const { step, isAgain } = this.#progress(regulation);
    return isAgain === true || isAfter(step, kind);
  }

  /** Whether it is under way and has not come by this object yet. */
  #comesBy(regulation: Regulation, kind: GuardedKind, object: string): boolean {
    if (!takesPart(regulation, kind)) return true;
    if (regulation.finishedAtMs !== undefined) return false;
    const { step, finished } = this.#progress(regulation);
    return !isAfter(step, kind) && !(step === STEP_OF[kind] && finished.includes(object));
  }
}

function isDeletionOf({ type, sourceId: only }: Regulation, sourceId: SourceId): boolean {
  const isHere = only === undefined || only === sourceId;
  return isHere && effectsOf(type).deletion !== "none";
}

function isAfter(step: Progress["step"], kind: GuardedKind): boolean {
  return step === "done" || STEPS.indexOf(step) > STEPS.indexOf(STEP_OF[kind]);
}

/** A deletion of archives only comes by no lane. */
function takesPart({ type }: Regulation, kind: GuardedKind): boolean {
  return kind === "queue" || effectsOf(type).deletion !== "archive";
}
