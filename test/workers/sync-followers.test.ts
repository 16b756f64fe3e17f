import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";

import { newChildId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { ConnectionId, Sync } from "../../src/sync/sync.ts";
import { makeRun } from "../support/sync/make-run.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

it("begins what follows a sync once for each of its runs, however often that is told", async () => {
  const services = makeServices();
  const { id, token } = await makeWorkspace("eu");
  const { body } = await call("POST", "/api/v1/connections", {
    token,
    body: {
      name: "Shop",
      kind: "postgres",
      settings: {
        host: "db.abc.eu-central-1.rds.amazonaws.com",
        database: "shop",
        user: "reader",
        password: "a password nobody may see",
      },
    },
  });
  const connectionId = body.connection.id as ConnectionId;
  const [first, follower] = [newChildId("syn", id, random), newChildId("syn", id, random)];
  const sync = {
    id: follower,
    number: 1,
    isPaused: false,
    behaviour: "upsert",
    schedule: { kind: "after", syncId: first },
    source: { connectionId, model: { kind: "query", sql: "SELECT 1" } },
    destination: { connectionId, object: "x" },
    deletedAtMs: undefined,
  } satisfies Partial<Sync>;
  const stub = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, CONFIG.jurisdictions);
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec(
      "INSERT INTO syncs (number, id, is_deleted, body) VALUES (1, ?, 0, ?)",
      follower,
      JSON.stringify(sync),
    );
  });
  const run = makeRun({ syncId: first, id: newChildId("run", id, random) });
  await services.workspace(id).syncRunEnded(first, run);
  await services.workspace(id).syncRunEnded(first, run);

  expect(await services.sync(follower).runs({ limit: 10 })).toHaveLength(1);
});
