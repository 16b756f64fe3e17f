import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { migrate, NEWER_SCHEMA, type Migration } from "../../durable-objects/storage/migrate.ts";
import { archiveStub } from "./support/archive.ts";

const FIRST: Migration = { id: "0001-create-a", sql: "CREATE TABLE a (x INTEGER) STRICT" };
const SECOND: Migration = { id: "0002-create-b", sql: "CREATE TABLE b (x INTEGER) STRICT" };

/** In the storage of an object, emptied of what the object's own constructor made. */
function inStorage<R>(test: (storage: DurableObjectStorage) => R | Promise<R>): Promise<R> {
  return runInDurableObject(archiveStub(), async (_object, { storage }) => {
    await storage.deleteAll();
    return test(storage);
  });
}

function tables(storage: DurableObjectStorage): readonly string[] {
  return storage.sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('a', 'b') ORDER BY name",
    )
    .toArray()
    .map((row) => row.name);
}

describe("migrate()", () => {
  it("applies each step once", async () => {
    const made = await inStorage((storage) => {
      migrate(storage, [FIRST]);
      migrate(storage, [FIRST, SECOND]);
      migrate(storage, [FIRST, SECOND]);
      return tables(storage);
    });

    expect(made).toEqual(["a", "b"]);
  });

  it("refuses storage that newer code has been at, by the name that becomes a 503", async () => {
    const message = await inStorage((storage) => {
      migrate(storage, [FIRST, SECOND]);
      return messageOf(() => migrate(storage, [FIRST]));
    });

    expect(message.startsWith(NEWER_SCHEMA)).toBe(true);
  });

  it("refuses a list that does not begin with what was applied", async () => {
    const message = await inStorage((storage) => {
      migrate(storage, [FIRST]);
      return messageOf(() => migrate(storage, [SECOND, FIRST]));
    });

    expect(message).toBe(
      'Cannot migrate storage: applied migration "0001-create-a" is not entry 0 of the list, wanted "0002-create-b"',
    );
  });

  it("leaves nothing of a list that fails halfway", async () => {
    const made = await inStorage((storage) => {
      messageOf(() => migrate(storage, [FIRST, { id: "0002-broken", sql: "CREATE NONSENSE" }]));
      return tables(storage);
    });

    expect(made).toEqual([]);
  });
});

function messageOf(call: () => void): string {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
