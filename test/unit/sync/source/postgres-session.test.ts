import { describe, expect, it } from "vitest";

import { Session } from "../../../../src/sync/source/postgres/session.ts";

const LOGIN = {
  host: "db.example.com",
  port: 5_432,
  useTls: true,
  database: "shop",
  user: "reader",
  password: "secret",
  context: { region: "eu", purpose: "sync:postgres", rules: [], development: false },
} as const;

describe("a session", () => {
  it("asks nobody for whoever left while its client was made", async () => {
    const leaving = new AbortController();
    let dialled = 0;
    const session = new Session(LOGIN, async () => {
      dialled += 1;
      throw new Error("Nobody answers");
    });

    const asked = session.ask(leaving.signal, (asking) => asking.rows("SELECT 1"));
    leaving.abort();

    await expect(asked).rejects.toMatchObject({ code: "aborted" });
    expect(dialled).toBe(0);
  });
});
