import { expect, it } from "vitest";

import type { InvalidRow } from "../../../../src/sync/engine/change.ts";
import { checksum } from "../../../../src/sync/engine/checksum.ts";
import type { SourceRow } from "../../../../src/sync/source/source.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { hasherOf, MemorySql } from "../../../support/sync/memory-sources.ts";
import { nodeState } from "../../../support/sync/node-state.ts";

const SELECTION = { columns: ["id", "name"], key: ["id"] };

it("sees copies of a row, although their hashes cancel each other in a sum", async () => {
  const rows: readonly SourceRow[] = Array.from({ length: 50 }, (_, n) => [String(n), "Ada"]);
  const { state } = nodeState(new NodeStorage());
  const hasher = hasherOf(SELECTION);
  state.accept(rows.flatMap((row) => hasher.hash(row) ?? []));
  const copies = [...rows, ["7", "Ada"], ["7", "Ada"]];
  const pieces = checksum(new MemorySql({ columns: SELECTION.columns, rows: copies }), {
    state,
    selection: SELECTION,
    needs: { updates: true, gone: "delete" },
    isFull: false,
    position: undefined,
    signal: new AbortController().signal,
    bits: 8,
    isTooMuch: () => false,
  });

  const invalid: InvalidRow[] = [];
  for await (const piece of pieces) invalid.push(...piece.invalid);

  expect(invalid).toEqual(
    Array.from({ length: 3 }, () => ({ reason: "DUPLICATE", row: ["7", "Ada"] })),
  );
});
