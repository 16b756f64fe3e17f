import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Delivery } from "../../../../src/deliver/deliverer.ts";
import {
  changesFor,
  recordsFor,
  rowsByTable,
  SCHEMA_TABLES_MAX,
  type TableChange,
} from "../../../../src/deliver/postgres/plan.ts";
import type { ColumnType } from "../../../../src/deliver/tables/cells.ts";
import { deliveryOf } from "../../../support/deliver/mixed-events.ts";

const NO_LIMITS = { tableCount: 0, isFixed: () => false };

/** A database that does what it is told, and nothing else. */
type Model = Map<string, Map<string, ColumnType>>;

function apply(model: Model, changes: readonly TableChange[]): void {
  for (const { table, isNew, added, widened } of changes) {
    expect(model.has(table)).toBe(!isNew);
    const columns: Map<string, ColumnType> =
      model.get(table) ??
      new Map<string, ColumnType>([
        ["id", "text"],
        ["received_at", "timestamp"],
        ["uuid", "text"],
        ["uuid_ts", "timestamp"],
      ]);
    for (const [column, type] of added) {
      expect(columns.has(column)).toBe(false);
      columns.set(column, type);
    }
    for (const { column, from, to } of widened) {
      expect(columns.get(column)).toBe(from);
      columns.set(column, to);
    }
    model.set(table, columns);
  }
}

const values = fc.constantFrom<unknown>(
  null,
  true,
  1,
  2.5,
  "text",
  "2026-03-01T10:00:00.000Z",
  [1],
  { deep: 1, er: "x" },
);

const deliveries: fc.Arbitrary<Delivery> = fc
  .record({
    type: fc.constantFrom("track", "identify", "group", "page"),
    event: fc.constantFrom("One", "Two", "tracks"),
    messageId: fc.stringMatching(/^[a-d]{1,2}$/),
    userId: fc.constantFrom("u1", "u2"),
    groupId: fc.constantFrom("g1", "g2"),
    receivedAt: fc.constant("2026-03-01T10:00:00.000Z"),
    properties: fc.dictionary(fc.constantFrom("a", "b", "id", "userId"), values),
    traits: fc.dictionary(fc.constantFrom("a", "b", "uuid"), values),
  })
  .map(deliveryOf);

describe("changesFor()", () => {
  it("leaves a place for every value of every batch, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(fc.array(deliveries, { maxLength: 5 }), { maxLength: 5 }), (batches) => {
        const model: Model = new Map();
        for (const batch of batches) {
          const { tables } = rowsByTable(batch);
          apply(model, changesFor(tables, model, NO_LIMITS));

          for (const [table, { rows }] of tables) {
            const { json } = recordsFor(rows, model.get(table) ?? new Map());
            const records = JSON.parse(json) as readonly Record<string, unknown>[];
            const cells = rows.reduce((sum, row) => sum + row.size, 0);
            const kept = records.reduce((sum, record) => sum + Object.keys(record).length, 0);
            expect(kept).toBe(cells);
          }
        }
      }),
    );
  });

  it("asks for nothing more once it was done", () => {
    fc.assert(
      fc.property(fc.array(deliveries), (batch) => {
        const { tables } = rowsByTable(batch);
        const model: Model = new Map();
        apply(model, changesFor(tables, model, NO_LIMITS));

        expect(changesFor(tables, model, NO_LIMITS)).toEqual([]);
      }),
    );
  });

  it("makes no table beyond the limit, and those within it", () => {
    const { tables } = rowsByTable(
      ["One", "Two"].map((event) =>
        deliveryOf({ type: "track", event, messageId: event, receivedAt: "2026-03-01T10:00:00Z" }),
      ),
    );

    const made = changesFor(tables, new Map(), {
      ...NO_LIMITS,
      tableCount: SCHEMA_TABLES_MAX - 2,
    });

    expect(made.map(({ table }) => table)).toEqual(["tracks", "one"]);
  });

  it("leaves a column alone that cannot be changed", () => {
    const { tables } = rowsByTable([
      deliveryOf({ type: "page", messageId: "1", properties: { a: "x" } }),
    ]);
    const known = new Map([
      [
        "pages",
        new Map([
          ["id", "text" as const],
          ["a", "integer" as const],
        ]),
      ],
    ]);

    expect(changesFor(tables, known, { tableCount: 1, isFixed: () => true })).toEqual([]);
  });
});

describe("recordsFor()", () => {
  it("orders rows by their ids, so that lanes never wait for each other", () => {
    const { tables } = rowsByTable(
      ["b", "c", "a"].map((messageId) => deliveryOf({ type: "page", messageId })),
    );

    const { json } = recordsFor(tables.get("pages")?.rows ?? [], new Map([["id", "text"]]));

    expect(json).toBe('[{"id":"a"},{"id":"b"},{"id":"c"}]');
  });
});
