import type { Change } from "../engine/change.ts";
import type { RowUser } from "../mapping/mapping.ts";
import type { Sync } from "../sync.ts";
import type { Target, TargetOperation, TargetRecord } from "../target/target.ts";

/** A change made ready to be sent, and where in its wave it stands. */
export type Item = {
  readonly at: number;
  readonly change: Change;
  readonly operation: TargetOperation;
  readonly record: TargetRecord;
  readonly user: RowUser;
  /** Whether its user is suppressed, so that nothing may be told of it. */
  readonly isSuppressed: boolean;
};

/** What the destination is asked to do for a change. */
export function operationOf(
  kind: Change["kind"],
  { behaviour, mirrorStrategy }: Pick<Sync, "behaviour" | "mirrorStrategy">,
): TargetOperation {
  if (behaviour !== "mirror") return behaviour;
  return kind === "delete" && mirrorStrategy === "delete" ? "delete" : "upsert";
}

/**
 * The items as calls: of one operation each, within what one call takes. Keys are unique within a run,
 * so order between records does not matter.
 */
export function batchesOf(
  items: readonly Item[],
  limits: Pick<Target["limits"], "records" | "bytes">,
): readonly (readonly Item[])[] {
  const batches: Item[][] = [];
  for (const group of groupsOf(items)) {
    let batch: Item[] = [];
    let bytes = 0;
    for (const item of group) {
      const size = JSON.stringify(item.record.fields).length;
      const isFull = batch.length >= limits.records || bytes + size > limits.bytes;
      if (isFull && batch.length > 0) {
        batches.push(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(item);
      bytes += size;
    }
    if (batch.length > 0) batches.push(batch);
  }
  return batches;
}

function groupsOf(items: readonly Item[]): Iterable<readonly Item[]> {
  const groups = new Map<TargetOperation, Item[]>();
  for (const item of items) {
    const group = groups.get(item.operation);
    if (group === undefined) groups.set(item.operation, [item]);
    else group.push(item);
  }
  return groups.values();
}
