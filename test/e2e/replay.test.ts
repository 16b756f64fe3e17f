import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

const HOST = "sink.example.com";
const WAIT = { timeout: 60_000, interval: 200 };
const EVENTS = 600;

type Replay = Readonly<Record<string, unknown>>;

describe("a replay to a destination that is new and still off", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;
  let destinationId = "";
  let got: string[] = [];

  const sink = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const { messageId } = JSON.parse(request.body.toString("utf8")) as { messageId: string };
    got.push(messageId);
    return { status: 200, headers: {}, body: Buffer.alloc(0) };
  };

  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "1" }, outbound: { [HOST]: sink } });
    homeport = openHomeport(stack);
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
    await archive(EVENTS);
    const made = await api("POST", "/api/v1/destinations", {
      name: "Sink",
      slug: "webhook",
      sourceId: source.id,
      enabled: false,
      settings: { url: `https://${HOST}/in`, secret: "sixteen characters at least" },
      hosts: [HOST],
    });
    destinationId = (made["destination"] as { readonly id: string }).id;
    got = [];
  });

  async function api(method: string, path: string, body?: unknown): Promise<Replay> {
    const answered = await homeport.api(source.workspace.token, method, path, body);
    expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
    return answered.body;
  }

  /** Sends events until all of them are in files. */
  async function archive(events: number): Promise<void> {
    for (let from = 0; from < events; from += 200) {
      const batch = Array.from({ length: 200 }, (_, i) => ({
        type: (from + i) % 3 === 0 ? "page" : "track",
        event: "Seen",
        userId: "someone",
        messageId: `replayed-${from + i}`,
      }));
      const body = JSON.stringify({ writeKey: source.writeKey, batch });
      const answered = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
      expect(answered.status).toBe(200);
    }
    await vi.waitFor(async () => {
      const { data } = await api("GET", `/api/v1/sources/${source.id}/files`);
      const files = data as readonly { readonly events: number }[];
      expect(files.reduce((sum, file) => sum + file.events, 0)).toBe(events);
    }, WAIT);
  }

  async function begin(changes: Record<string, unknown>): Promise<string> {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const body = { sourceId: source.id, destinationId, from, ...changes };
    return ((await api("POST", "/api/v1/replays", body))["replay"] as { readonly id: string }).id;
  }

  async function until(id: string, state: string): Promise<Replay> {
    return vi.waitFor(async () => {
      const replay = (await api("GET", `/api/v1/replays/${id}`))["replay"] as Replay;
      expect(replay["state"]).toBe(state);
      return replay;
    }, WAIT);
  }

  it("counts by type in a dry run, and sends exactly that once it is started", async () => {
    const id = await begin({ dryRun: true, types: ["page"] });
    const { dryRun } = await until(id, "planned");
    const sentBefore = got.length;
    await api("POST", `/api/v1/replays/${id}/start`);
    await until(id, "done");

    expect(dryRun).toMatchObject({ events: EVENTS / 3, byType: { page: EVENTS / 3 } });
    expect([sentBefore, got.length, new Set(got).size]).toEqual([0, EVENTS / 3, EVENTS / 3]);
  });

  it("leaves nothing out over a SIGKILL", async () => {
    const id = await begin({ rate: 200 });
    await vi.waitFor(() => expect(got.length).toBeGreaterThan(100), WAIT);
    await stack.kill();
    await stack.restart();
    await until(id, "done");

    expect(new Set(got).size).toBe(EVENTS);
  });
});
