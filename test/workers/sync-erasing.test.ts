import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { SyncStateTable } from "../../durable-objects/storage/sync-state-table.ts";
import { newChildId, workspaceOf } from "../../src/core/ids.ts";
import type { StoreDeletion, StoreErased } from "../../src/regulation/stores.ts";
import { locate } from "../../src/region/placement.ts";
import { SyncState } from "../../src/sync/engine/state/sync-state.ts";
import type { Sync } from "../../src/sync/sync.ts";
import { syncOf } from "../support/sync/run-sync.ts";
import { CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);
const BUCKET = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";
/** Slices of one deletion from a sync that holds next to nothing. */
const SLICES_MAX = 20;

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const services = makeServices();
let s3: FakeS3;
let sync: Sync;

beforeEach(async () => {
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS);
  s3 = new FakeS3().install();
  const { id } = await makeWorkspace("eu");
  const life = { behaviour: "upsert", mirrorStrategy: "delete" } as const;
  sync = { ...syncOf(life, ""), id: newChildId("syn", id, random) };
});

/** Asks until it is over, past the time that a late write may take. */
async function erase(): Promise<StoreErased> {
  const deletion: StoreDeletion = {
    regulationId: newChildId("reg", workspaceOf(sync.id), random),
    subjectType: "USER_ID",
    subjectIds: ["user-1"],
    linkedAnonymousIds: [],
  };
  let position: string | undefined;
  for (let slice = 0; slice < SLICES_MAX; slice++) {
    const answer = await services
      .sync(sync.id)
      .erase({ ...deletion, ...(position === undefined ? {} : { position }) }, sync);
    if (answer.isOver) return answer;
    position = answer.position;
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + slice * CONFIG.failover.suspectMs);
  }
  throw new Error("Cannot end a deletion: it goes on for ever");
}

function stub() {
  return locate(ENV.SYNC, { kind: "sync", syncId: sync.id }, CONFIG.jurisdictions);
}

/** What its destination accepted of a mirror with a key of two columns. */
async function accept(...users: readonly string[]): Promise<void> {
  await services.sync(sync.id).standing();
  await runInDurableObject(stub(), (_, { storage }) => {
    const state = new SyncState(new SyncStateTable(storage.sql));
    const accepted = users.map((user, at) => ({
      keyHash: String(at).repeat(32),
      rowHash: 1n,
      key: ["eu", user],
    }));
    storage.transactionSync(() => state.accept(accepted));
  });
}

/** Keys that the object keeps. */
async function keys(): Promise<readonly unknown[]> {
  return runInDurableObject(stub(), (_, { storage }) =>
    ["state_chunks", "state_pages"].flatMap((table) =>
      storage.sql
        .exec<{ keys: string }>(`SELECT keys FROM ${table}`)
        .toArray()
        .flatMap((row) => JSON.parse(row.keys) as unknown[]),
    ),
  );
}

describe("a deletion from a sync", () => {
  it("takes users out of a mirror's keys of several columns, also once it is none any more", async () => {
    await accept("user-1", "user-2");
    const { failed } = await erase();

    expect([failed, await keys()]).toEqual([undefined, [["eu", "user-2"]]]);
  });

  it("leaves no object behind of a sync that its workspace does not have", async () => {
    await erase();
    const rows = () =>
      runInDurableObject(stub(), (_, { storage }) =>
        Number(storage.sql.exec("SELECT count(*) AS n FROM state").one()["n"]),
      );
    const before = await rows();
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 2 * DAY_MS);
    await runDurableObjectAlarm(stub());

    await vi.waitFor(async () => {
      await services.sync(sync.id).standing();
      expect(await rows()).toBe(0);
    });
    expect(before).toBeGreaterThan(0);
  });

  it("tells the workspace of what it contacted", async () => {
    await erase();
    const due = await runInDurableObject(stub(), (_, { storage }) => storage.getAlarm());

    expect(due).toBeLessThan(NOW_MS + DAY_MS);
  });

  it("removes changed rows that a run left behind", async () => {
    const url = `${BUCKET}/homeport-syncs/${sync.id}/run_eu_1/aaaa.ndjson.gz`;
    s3.put(url, new Uint8Array([1]));
    const { failed } = await erase();

    expect([failed, s3.objects.has(url)]).toEqual([undefined, false]);
  });
});
