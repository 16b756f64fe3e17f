import type { WalkPosition } from "../src/archive/walk-files.ts";
import type { SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Step, UnitResult } from "../src/regulation/progress.ts";
import type { Regulation } from "../src/regulation/regulation.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

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

  async erase(step: Step, sourceId: SourceId, note: string | undefined): Promise<UnitResult> {
    const { id, subjectType } = this.#regulation;
    const archive = this.#reach.archive(sourceId);
    const source = this.#turn.tables.source(sourceId);
    if (source === undefined) return { isOver: true };
    const part = { id: sourceId, name: "archive", status: "RUNNING" } as const;
    const asBefore = { isOver: false, ...(note === undefined ? {} : { note }) };
    // A second copy of a file that nobody knows of yet would survive.
    if ((await archive.suspects()).open > 0) {
      return { ...asBefore, part: { ...part, error: "open-suspects" } };
    }
    const answer = await archive.erase({
      regulationId: id,
      subjectType,
      subjectIds: this.#turn.regulations.subjects(id),
      fingerprintKey: source.fingerprintKey,
      ...(note === undefined ? {} : { position: readStored<WalkPosition>(note) }),
    });
    if (answer.kind === "waiting") {
      return { ...asBefore, part: { ...part, error: `waits-for-${answer.waitsFor.kind}` } };
    }
    if (answer.kind === "unavailable") return asBefore;
    const { isOver, position, counts, totals, failure } = answer.slice;
    if (isOver) await archive.leaveJob(id);
    const isFinished = isOver && step === "verify";
    return {
      isOver,
      ...(position === undefined ? {} : { note: JSON.stringify(position) }),
      counts,
      archive: totals,
      part: {
        ...part,
        status: isFinished ? "FINISHED" : "RUNNING",
        ...(failure === undefined ? {} : { error: failure }),
      },
    };
  }
}
