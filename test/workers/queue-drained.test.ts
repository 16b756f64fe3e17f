import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Workspace } from "../../durable-objects/workspace.ts";
import type { SourceId, WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const REF = { ingestRegion: "eu1", shard: 0 } as const;
/** Longer than a queue stays silent about being empty. */
const IDLE_MS = 660_000;

let workspaceId: WorkspaceId;
let sourceId: SourceId;
let queue: QueuePort;
let startMs: number;

beforeEach(async () => {
  const workspace = await makeWorkspace("eu");
  workspaceId = workspace.id;
  const { token } = workspace;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  queue = makeServices().queue(sourceId, REF);
  startMs = Date.now();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null));
});

function setClock(ms: number): void {
  vi.spyOn(Date, "now").mockReturnValue(startMs + ms);
}

/** Whether cron would poke the queue. */
async function isHolding(): Promise<boolean> {
  const name = { kind: "workspace", workspaceId } as const;
  return runInDurableObject(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions), (_, state) => {
    const rows = state.storage.sql.exec("SELECT holds_events FROM queues").toArray();
    return rows.some((row) => row["holds_events"] === 1);
  });
}

/** Takes one event and archives it. */
async function archiveOne(): Promise<void> {
  await queue.append(appendOf(["a"]));
  await vi.waitUntil(isHolding);
  setClock(61_000);
  await queue.poke();
}

describe("a queue", () => {
  it("that is empty says so after a while, so that cron leaves it alone", async () => {
    await archiveOne();
    setClock(IDLE_MS);
    await queue.poke();

    expect(await isHolding()).toBe(false);
  });

  it("that is empty says so although it was evicted meanwhile", async () => {
    await archiveOne();
    await evictDurableObject(
      locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...REF }, CONFIG.jurisdictions),
    );
    setClock(IDLE_MS);
    await queue.poke();

    expect(await isHolding()).toBe(false);
  });

  it("is known to hold events again when one came in while it said that it is empty", async () => {
    await archiveOne();
    const queueDrained = Reflect.get(
      Workspace.prototype,
      "queueDrained",
    ) as Workspace["queueDrained"];
    vi.spyOn(Workspace.prototype, "queueDrained").mockImplementation(async function (
      this: Workspace,
      ...about
    ) {
      await makeServices()
        .queue(sourceId, REF)
        .append(appendOf(["b"]));
      return queueDrained.apply(this, about);
    });
    setClock(IDLE_MS);
    await queue.poke();

    await vi.waitUntil(isHolding, { timeout: 1_000 });
    expect(await queue.status()).toMatchObject({ waitingEvents: 1 });
  });

  it("that refuses many events is looked at until it has stopped for a while", async () => {
    const refused = { refused: { event_not_defined: 150 } };
    await queue.append(appendOf([], refused));
    await vi.waitUntil(isHolding);
    const looks: boolean[] = [];
    for (const ms of [5 * 60_000, IDLE_MS]) {
      setClock(ms);
      await queue.poke();
      await evictDurableObject(
        locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...REF }, CONFIG.jurisdictions),
      );
      await queue.poke();
      looks.push(await isHolding());
    }

    expect(looks).toEqual([true, false]);
  });

  it("that refuses a few events is not looked at for that", async () => {
    await queue.append(appendOf([], { refused: { event_not_defined: 99 } }));
    await queue.poke();

    expect(await isHolding()).toBe(false);
  });

  it("that holds events tells so again when the workspace did not hear it", async () => {
    const queueFilled = vi.spyOn(Workspace.prototype, "queueFilled");
    queueFilled.mockRejectedValueOnce(new Error("out of reach"));
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("network"));
    await queue.append(appendOf(["a"]));
    await vi.waitUntil(() => queueFilled.mock.calls.length > 0);

    setClock(61_000);
    await queue.poke();

    await vi.waitUntil(isHolding, { timeout: 1_000 });
    expect(await queue.status()).toMatchObject({ waitingEvents: 1 });
  });
});
