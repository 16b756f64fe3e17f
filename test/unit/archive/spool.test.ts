import { describe, expect, it } from "vitest";

import { Spool, SpoolMemory } from "../../../src/archive/spool.ts";
import { concatBytes } from "../../../src/core/bytes.ts";
import { MapSpill } from "../../support/erasing.ts";

const MEGABYTE = 1024 * 1024;
const SECRET = "a line of somebody else";

function pieces(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const piece = new Uint8Array(300_000).fill(i + 1);
    piece.set(new TextEncoder().encode(SECRET), 1000);
    return piece;
  });
}

function spoolOf(parts: readonly Uint8Array[], memory: SpoolMemory, table: MapSpill): Spool {
  const spool = new Spool(0, memory, table);
  for (const part of parts) spool.append(part);
  return spool;
}

describe("Spool", () => {
  it.each([0, MEGABYTE, 100 * MEGABYTE])(
    "hands out all bytes in their order with %i bytes of memory, as often as it is asked",
    (bytesMax) => {
      const parts = pieces(20);
      const spool = spoolOf(parts, new SpoolMemory(bytesMax), new MapSpill());

      const twice = [concatBytes([...spool.read()]), concatBytes([...spool.read()])];

      expect(twice.every((bytes) => Buffer.compare(bytes, concatBytes(parts)) === 0)).toBe(true);
    },
  );

  it("keeps nothing readable on disk", () => {
    const table = new MapSpill();

    spoolOf(pieces(20), new SpoolMemory(0), table);

    const held = [...table.rows.values()].map(({ bytes }) => Buffer.from(bytes).toString("latin1"));
    expect([held.length > 0, held.some((row) => row.includes(SECRET))]).toEqual([true, false]);
  });

  it("keeps rows that fit into one of SQLite's", () => {
    const table = new MapSpill();

    spoolOf(pieces(20), new SpoolMemory(0), table);

    const sizes = [...table.rows.values()].map(({ bytes }) => bytes.byteLength);
    expect(Math.max(...sizes)).toBeLessThan(2_000_000);
  });

  it("gives memory and rows back when it is dropped", () => {
    const memory = new SpoolMemory(MEGABYTE);
    const table = new MapSpill();

    spoolOf(pieces(20), memory, table).drop();

    expect([memory.take(MEGABYTE), table.rows.size]).toEqual([true, 0]);
  });
});
