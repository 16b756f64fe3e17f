import { beforeEach, describe, expect, it } from "vitest";

import { call, makeWorkspace } from "./support/api.ts";

let token: string;
let path: string;

beforeEach(async () => {
  ({ token } = await makeWorkspace("eu"));
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
  path = `/api/v1/sources/${made.body.source.id}`;
});

describe("the archive of a source", () => {
  it("lists no files before any were written", async () => {
    const { status, body } = await call("GET", `${path}/files`, { token });

    expect([status, body]).toEqual([200, { data: [], pagination: { next: null } }]);
  });

  it("still answers once the source is deleted, because its files stay", async () => {
    await call("DELETE", path, { token });

    expect((await call("GET", `${path}/files`, { token })).status).toBe(200);
  });

  it("names the member of the query that is wrong", async () => {
    const { status, body } = await call("GET", `${path}/files?from=yesterday`, { token });

    expect([status, body.detail]).toEqual([400, "from is not understood."]);
  });

  it("has had no rebuild at first", async () => {
    const { body } = await call("GET", `${path}/files/rebuild`, { token });

    expect(body).toEqual({ rebuild: null });
  });

  it.each(["/files", "/files/rebuild", "/metrics", "/events/m1"])(
    "of another workspace is not found at %s",
    async (rest) => {
      const other = await makeWorkspace("eu");

      const answer = await call("GET", path + rest, { token: other.token });

      expect([answer.status, answer.body.code]).toEqual([404, "not_found"]);
    },
  );
});

describe("the metrics of a source", () => {
  it("are empty before a queue was ever asked for anything", async () => {
    const { body } = await call("GET", `${path}/metrics`, { token });

    expect(body).toEqual({ counters: [], queues: [] });
  });
});
