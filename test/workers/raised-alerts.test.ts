import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { workspaceOf } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV } from "./support/api.ts";
import { ReplayWorld } from "./support/replay.ts";
import { Sink } from "./support/sink.ts";

const MINUTE_MS = 60_000;
const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

/** How a lane stands that has nothing to do. */
const IDLE = {
  position: 0,
  waitingEvents: 0,
  waitingBytes: 0,
  nextAttemptAtMs: undefined,
  pausedUntilMs: undefined,
  deadLetters: 0,
} as const;

async function alertsOf(token: string): Promise<readonly string[]> {
  const { body } = await call("GET", "/api/v1/alerts", { token });
  return body.data.map(
    ({ code, subject }: Readonly<Record<string, string>>) => `${code} ${subject}`,
  );
}

describe("a replay that failed", () => {
  async function failed() {
    const world = await ReplayWorld.make();
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin();
    const { body } = await call("GET", "/api/v1/destinations", { token: world.token });
    await call("DELETE", `/api/v1/destinations/${body.data[0].id}`, { token: world.token });
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + MINUTE_MS);
    await world.until(id, "failed");
    return { world, id };
  }

  it("is an alert of its workspace", async () => {
    const { world, id } = await failed();

    await vi.waitFor(async () =>
      expect(await alertsOf(world.token)).toEqual([`replay_failed ${id}`]),
    );
  });

  it("is none any more once it is cancelled", async () => {
    const { world, id } = await failed();
    await vi.waitFor(async () => expect(await alertsOf(world.token)).toHaveLength(1));
    await world.act(id, "cancel");

    await world.slice(id);

    expect(await alertsOf(world.token)).toEqual([]);
  });
});

describe("a lane that cannot deliver", () => {
  it.each([
    ["switched off", "PATCH", { enabled: false }],
    ["deleted", "DELETE", undefined],
  ])("is no alert any more once its destination is %s", async (_, method, body) => {
    const { token, sourceId, destinationId, services } = await Sink.open();
    await services.workspace(workspaceOf(sourceId)).takeCounts({
      lane: "a lane",
      destinationId,
      sourceId,
      atMs: 0,
      counts: [],
      status: { ...IDLE, alert: "invalid_settings", behindSinceMs: 1 },
    });
    const before = await alertsOf(token);
    const path = `/api/v1/destinations/${destinationId}`;
    await call(method, path, { token, ...(body === undefined ? {} : { body }) });

    const lag = `delivery_lag ${destinationId}`;
    expect(before).toEqual([lag, `delivery_not_possible ${destinationId}`]);
    expect(await alertsOf(token)).toEqual([]);
  });
});

describe("a queue that cannot archive", () => {
  /** A source of which an event waits, because every bucket refuses its file. */
  async function failing() {
    const sink = await Sink.open();
    const { intercept } = sink.s3;
    let isRefusing = true;
    sink.s3.intercept = async (request) => {
      const isFile = request.method === "PUT" && new URL(request.url).host !== "sink.example.com";
      if (isFile && isRefusing) return new Response("<Code>AccessDenied</Code>", { status: 403 });
      return intercept(request);
    };
    await sink.append(["a"]);
    const queue = locate(
      ENV.INGEST_QUEUE,
      { kind: "queue", sourceId: sink.sourceId, ...EU1_0 },
      CONFIG.jurisdictions,
    );
    const poke = async (ms: number): Promise<void> => {
      const now = Date.now() + ms;
      vi.spyOn(Date, "now").mockReturnValue(now);
      await runDurableObjectAlarm(queue);
      await sink.services.workspace(workspaceOf(sink.sourceId)).poke();
    };
    return { sink, poke, recover: () => void (isRefusing = false) };
  }

  it("is an alert once it lasts", async () => {
    const { sink, poke } = await failing();

    await poke(2 * MINUTE_MS);
    const before = await alertsOf(sink.token);
    await poke(18 * MINUTE_MS);

    expect([before, await alertsOf(sink.token)]).toEqual([
      [],
      [`archive_failing ${sink.sourceId}`, `archive_lag ${sink.sourceId}`],
    ]);
  });

  it("is none any more once a file is written", async () => {
    const { sink, poke, recover } = await failing();
    await poke(20 * MINUTE_MS);
    recover();

    await poke(10 * MINUTE_MS);

    expect(await alertsOf(sink.token)).toEqual([]);
  });
});

describe("a source of whose events many are refused", () => {
  it("is an alert of its workspace", async () => {
    const sink = await Sink.open();
    const workspace = sink.services.workspace(workspaceOf(sink.sourceId));
    await sink.append(["a"]);
    await workspace.poke();
    const counts = { refused: { event_not_defined: 150 } };
    await sink.queue().append(appendOf([], { receivedAtMs: Date.now(), ...counts }));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 11 * MINUTE_MS);

    await workspace.poke();

    await vi.waitFor(async () =>
      expect(await alertsOf(sink.token)).toContain(`events_refused ${sink.sourceId}`),
    );
  });
});
