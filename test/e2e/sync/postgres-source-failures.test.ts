import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { PostgresSource } from "../../../src/sync/source/postgres/postgres-source.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { ALWAYS, openPostgres } from "../../support/sync/open-postgres.ts";

const SELECTION = { columns: ["id", "name"], key: ["id"] };

let server: PostgresServer;
let sql: postgres.Sql;

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres({ ...server, max: 2, onnotice: () => undefined });
  await sql.unsafe(`
    CREATE TABLE people AS SELECT n AS id, 'person ' || n AS name FROM generate_series(1, 20000) n;
    CREATE ROLE nobody LOGIN PASSWORD 'nothing'`);
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

async function reading<T>(
  model: Parameters<typeof openPostgres>[1],
  work: (source: PostgresSource) => Promise<T>,
): Promise<T> {
  const source = await openPostgres(server, model);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

describe("a Postgres source refuses", () => {
  it.each([
    [
      "a table that is not there",
      { kind: "table", schema: "public", name: "gone" },
      "no_such_table",
    ],
    ["a query that is none", { kind: "query", sql: "SELEC 1" }, "model_refused"],
    [
      "a chain of statements",
      { kind: "query", sql: "SELECT 1; DROP TABLE people" },
      "model_refused",
    ],
    [
      "a query that leaves its brackets",
      { kind: "query", sql: "SELECT 1) TO PROGRAM 'touch /tmp/x' --" },
      "model_refused",
    ],
    ["parameters", { kind: "query", sql: "SELECT $1::int AS id" }, "model_refused"],
    ["no rows", { kind: "query", sql: "TRUNCATE people" }, "model_refused"],
    ["two columns of one name", { kind: "query", sql: "SELECT 1 AS a, 2 AS a" }, "model_refused"],
    [
      "a column that is not there",
      { kind: "query", sql: "SELECT gone FROM people" },
      "no_such_column",
    ],
  ] as const)("%s", async (_, model, code) => {
    await expect(openPostgres(server, model)).rejects.toMatchObject({ code, isPassing: false });
  });

  it("to let a model write", async () => {
    await sql.unsafe(`CREATE FUNCTION writes() RETURNS int LANGUAGE sql VOLATILE
      AS 'INSERT INTO people (id) VALUES (-1) RETURNING id'`);
    const read = reading({ kind: "query", sql: "SELECT writes() AS id" }, (source) =>
      source.sample(1, ALWAYS),
    );

    await expect(read).rejects.toMatchObject({ code: "model_writes" });
  });

  it("a column that is missing before it asks the server", async () => {
    await reading("people", async (source) => {
      expect(() =>
        source.ordered({ columns: ["id", "gone"], key: ["id"] }, undefined, ALWAYS),
      ).toThrow('The source has no column "gone"');
    });
  });

  it.each(["LATIN1", "SQL_ASCII"])("a database with the encoding %s", async (encoding) => {
    const database = `in_${encoding.toLowerCase()}`;
    await sql.unsafe(`CREATE DATABASE ${database} ENCODING '${encoding}' TEMPLATE template0`);
    const opening = openPostgres({ ...server, database }, { kind: "query", sql: "SELECT 1 AS id" });
    await expect(opening).rejects.toMatchObject({ code: "encoding_not_offered" });
  });

  it("what the user may not read", async () => {
    const login = { user: "nobody", password: "nothing" };
    const source = await openPostgres(server, "people", login);

    await expect(source.sample(1, ALWAYS)).rejects.toMatchObject({ code: "permission_denied" });
    await source.close();
  });

  it("a wrong password, and says nothing of what the server said", async () => {
    const failure = await openPostgres(server, "people", { password: "wrong" }).catch(
      (error: unknown) => error,
    );

    expect(failure).toMatchObject({ code: "login_failed", isPassing: false });
    expect(String(failure)).not.toContain(server.user);
  });

  it("a key that is no value of its column, which it names, and not the key", async () => {
    const model = { kind: "table", schema: "public", name: "people" } as const;
    const read = reading(model, async (source) => {
      for await (const _ of source.rowsOf(SELECTION, [["1"], ["Ada"]], ALWAYS));
    });

    await expect(read).rejects.toMatchObject({
      code: "no_such_key",
      message: expect.stringMatching(/^(?=.*integer)(?=.*"id")(?!.*Ada)/),
    });
  });

  it("a value that fails, without the value", async () => {
    const model = { kind: "query", sql: "SELECT id, (name || '!')::int AS n FROM people" } as const;
    const read = reading(model, (source) => source.sample(5, ALWAYS));

    await expect(read).rejects.toMatchObject({
      code: "model_failed",
      message: "The model fails on a row, e.g. by a cast or a division",
    });
  });
});

describe("a Postgres source that breaks off", () => {
  it("is passing when the server ends the connection", async () => {
    // More than all that stands between us and the server can hold.
    const wide = {
      kind: "query",
      sql: "SELECT id, repeat(name, 200) AS name FROM people",
    } as const;
    await reading(wide, async (source) => {
      const read = async (): Promise<void> => {
        for await (const _ of source.ordered(SELECTION, undefined, ALWAYS)) {
          await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'homeport'`;
        }
      };

      await expect(read()).rejects.toMatchObject({ code: "cut_off", isPassing: true });
      expect((await source.sample(1, ALWAYS)).length).toBe(1);
    });
  });

  it("lets go of the server at once when it is aborted", async () => {
    const abort = new AbortController();
    const model = { kind: "query", sql: "SELECT id, pg_sleep(60) FROM people" } as const;
    await reading(model, async (source) => {
      const read = source.sample(1, abort.signal);
      setTimeout(() => abort.abort(), 100);

      await expect(read).rejects.toMatchObject({ code: "aborted", isPassing: true });
    });
  });

  it("is let go of while a server that says nothing is waited for", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const rules = [{ host: "127.0.0.1", port, level: "development" as const }];
    const context = { region: "eu", purpose: "sync:postgres", rules, development: true } as const;
    const abort = new AbortController();

    const opened = openPostgres(server, "people", { port, context }, abort.signal);
    await once(silent, "connection");
    abort.abort();

    await expect(opened).rejects.toMatchObject({ code: "aborted" });
    silent.close();
  });

  it("is unreachable where nothing listens", async () => {
    const rules = [{ host: "127.0.0.1", port: 1, level: "development" as const }];
    const context = { region: "eu", purpose: "sync:postgres", rules, development: true } as const;

    await expect(openPostgres(server, "people", { port: 1, context })).rejects.toMatchObject({
      code: "unreachable",
      isPassing: true,
    });
  });
});
