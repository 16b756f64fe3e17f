import type { Source } from "../source/source.ts";
import type { DiffPiece, EngineKind } from "./change.ts";
import { checksum } from "./checksum.ts";
import type { PartitionInput } from "./diff-input.ts";
import { orderedMerge } from "./ordered-merge.ts";
import { partitionJoin } from "./partition-join.ts";
import { isTooMuch, type Plan } from "./plan.ts";

export type DiffRequest = PartitionInput & {
  readonly plan: Plan;
  /** Told when the engine is another than planned. */
  readonly switched?: (engine: EngineKind, why: string) => void;
};

/**
 * The pieces of a diff under a plan. Positions of both SQL engines are the same, so a diff may go on
 * under another plan than it began with.
 *
 * @throws SourceFailure.
 */
export async function* diff(source: Source, request: DiffRequest): AsyncGenerator<DiffPiece> {
  const { plan, switched } = request;
  if (source.kind === "rows") {
    yield* partitionJoin(source, request);
    return;
  }
  if (plan.engine === "checksum") {
    const end = yield* checksum(source, { ...request, bits: plan.bits, isTooMuch });
    if (end === "done") return;
    const why = "So much changed that every row is read.";
    switched?.("ordered_merge", why);
  }
  yield* orderedMerge(source, request);
}
