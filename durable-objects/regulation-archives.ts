import type { ErasedSlice } from "../src/archive/erase.ts";
import type { NoSlice } from "../src/archive/ports.ts";
import type { WalkPosition } from "../src/archive/walk-files.ts";
import type { SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Step, UnitResult } from "../src/regulation/progress.ts";
import type { PartStatus, Regulation } from "../src/regulation/regulation.ts";
import type { EraseRequest } from "../src/services.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Behind the id of a source, in the name of the part that says how its linked ids stand. */
const LINK_SUFFIX = "+linked";

/** The part of one regulation that is about archive files: each source is one unit. */
export class RegulationArchives {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;
  readonly #regulation: Regulation;

  constructor(turn: WorkspaceTurn, reach: Reach, regulation: Regulation) {
    this.#turn = turn;
    this.#reach = reach;
    this.#regulation = regulation;
  }

  /** Finds the anonymous ids that stand beside the users, and writes them down for the other steps. */
  async link(sourceId: SourceId, note: string | undefined): Promise<UnitResult> {
    const archive = this.#reach.archive(sourceId);
    const request = this.#request(sourceId, note);
    if (request === undefined) return { isOver: true };
    const answer = await archive.link(request);
    const part = { id: `${sourceId}${LINK_SUFFIX}`, name: "linked-anonymous-ids" } as const;
    if (answer.kind !== "slice") return this.#asBefore(part, note, answer);
    const { isOver, position, anonymousIds, isTooMany, counts, failure } = answer.slice;
    const isAll = this.#turn.transaction(
      () => this.#turn.regulations.link(this.#regulation.id, anonymousIds) && !isTooMany,
    );
    if (isOver || !isAll) await archive.leaveJob(this.#regulation.id);
    // Those that were found are forgotten all the same, and it says that there are more.
    if (!isAll) {
      const failed = { ...part, status: "FAILED", error: "too-many-linked-ids" } as const;
      return { isOver: true, counts, part: failed };
    }
    return this.#result(part, { isOver, position, counts, failure }, isOver);
  }

  async erase(step: Step, sourceId: SourceId, note: string | undefined): Promise<UnitResult> {
    const { id, linkedAnonymousIds } = this.#regulation;
    const archive = this.#reach.archive(sourceId);
    const request = this.#request(sourceId, note);
    if (request === undefined) return { isOver: true };
    const part = { id: sourceId, name: "archive" } as const;
    // A second copy of a file that nobody knows of yet would survive.
    if ((await archive.suspects()).open > 0) {
      return this.#asBefore(part, note, { kind: "suspects" });
    }
    const linkedIds = linkedAnonymousIds ? this.#turn.regulations.links(id) : [];
    const answer = await archive.erase({
      ...request,
      ...(linkedIds.length === 0 ? {} : { linkedIds }),
    });
    if (answer.kind !== "slice") return this.#asBefore(part, note, answer);
    const { totals, ...slice } = answer.slice;
    if (slice.isOver) await archive.leaveJob(id);
    const isFinished = slice.isOver && step === "verify";
    return { ...this.#result(part, slice, isFinished), archive: totals };
  }

  #request(sourceId: SourceId, note: string | undefined): EraseRequest | undefined {
    const { id, subjectType } = this.#regulation;
    const source = this.#turn.tables.source(sourceId);
    if (source === undefined) return undefined;
    return {
      regulationId: id,
      subjectType,
      subjectIds: this.#turn.regulations.subjects(id),
      fingerprintKey: source.fingerprintKey,
      ...(note === undefined ? {} : { position: readStored<WalkPosition>(note) }),
    };
  }

  /** Nothing was done now, and the part says why. */
  #asBefore(
    part: Pick<PartStatus, "id" | "name">,
    note: string | undefined,
    why: NoSlice | { readonly kind: "suspects" },
  ): UnitResult {
    const kept = { isOver: false, ...(note === undefined ? {} : { note }) };
    if (why.kind === "unavailable") return kept;
    const error = why.kind === "suspects" ? "open-suspects" : `waits-for-${why.waitsFor.kind}`;
    return { ...kept, part: { ...part, status: "RUNNING", error } };
  }

  #result(
    part: Pick<PartStatus, "id" | "name">,
    slice: Pick<ErasedSlice, "isOver" | "counts"> & {
      readonly position?: WalkPosition | undefined;
      readonly failure?: string | undefined;
    },
    isFinished: boolean,
  ): UnitResult {
    const { isOver, position, counts, failure } = slice;
    return {
      isOver,
      ...(position === undefined ? {} : { note: JSON.stringify(position) }),
      ...(failure === undefined && position !== undefined ? { isMoving: true } : {}),
      counts,
      part: {
        ...part,
        status: isFinished ? "FINISHED" : "RUNNING",
        ...(failure === undefined ? {} : { error: failure }),
      },
    };
  }
}
