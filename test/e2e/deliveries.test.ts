import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

const HOST = "sink.example.com";
const OTHER_HOST = "other-sink.example.com";
const OK: OutboundAnswer = { status: 200, headers: {}, body: Buffer.alloc(0) };
const WAIT_MS_MAX = 60_000;

type Got = { readonly host: string; readonly key: string; readonly messageId: string };
type Answer = (request: OutboundRequest) => Promise<OutboundAnswer>;

describe("deliveries", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;
  let got: Got[] = [];
  /** What was answered with 200, by host. */
  let taken = new Map<string, Set<string>>();
  let answer: Answer;

  const sink: Answer = async (request) => {
    const { messageId } = JSON.parse(request.body.toString("utf8")) as { messageId: string };
    const key = request.headers["idempotency-key"] ?? "";
    got.push({ host: request.url.host, key, messageId });
    const { host } = request.url;
    const answered = host === HOST ? await answer(request) : OK;
    if (answered.status === 200) taken.set(host, idsAt(host).add(messageId));
    return answered;
  };

  beforeAll(async () => {
    const outbound = { [HOST]: sink, [OTHER_HOST]: sink };
    stack = await startStack({ vars: { SEAL_SECONDS: "2" }, outbound });
    homeport = openHomeport(stack);
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    got = [];
    taken = new Map();
    answer = async () => OK;
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
    await connect(HOST);
  });

  async function connect(host: string): Promise<void> {
    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
      name: host,
      slug: "webhook",
      sourceId: source.id,
      settings: { url: `https://${host}/in`, secret: "sixteen characters at least" },
      hosts: [host],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
  }

  async function send(messageIds: readonly string[]): Promise<void> {
    const batch = messageIds.map((messageId) => ({
      type: "track",
      event: "Delivered",
      userId: `user-${messageId}`,
      messageId,
    }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answered = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    expect(answered.status).toBe(200);
  }

  function idsAt(host: string): Set<string> {
    return taken.get(host) ?? new Set();
  }

  async function arrived(host: string, count: number): Promise<void> {
    const until = Date.now() + WAIT_MS_MAX;
    while (idsAt(host).size < count) {
      if (Date.now() > until) throw new Error(`Cannot go on: ${idsAt(host).size} of ${count} came`);
      await pause(50);
    }
  }

  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

  it("bring every event to the destination, and once while nothing fails", async () => {
    await send(names("plain", 200));

    await arrived(HOST, 200);

    expect(got).toHaveLength(200);
  });

  it("bring every event at least once over SIGKILLs, each under the same key", async () => {
    answer = async () => {
      await pause(20);
      return OK;
    };
    for (let round = 0; round < 4; round++) {
      await send(names(`kill-${round}`, 100));
      await pause(100 + round * 60);
      await stack.kill();
      await stack.restart();
    }
    await send(["last"]);

    await arrived(HOST, 401);

    const keys = new Map<string, Set<string>>();
    for (const { messageId, key } of got) {
      keys.set(messageId, (keys.get(messageId) ?? new Set()).add(key));
    }
    expect([...keys.values()].filter((each) => each.size !== 1)).toEqual([]);
  });

  it("lose nothing at a destination that refuses each event once and then resets", async () => {
    const tries = new Map<string, number>();
    answer = async ({ headers }) => {
      const key = headers["idempotency-key"] ?? "";
      const number = (tries.get(key) ?? 0) + 1;
      tries.set(key, number);
      if (number === 2) throw new Error("reset");
      return number === 1 ? { ...OK, status: 503 } : OK;
    };
    await send(names("reset", 6));

    await arrived(HOST, 6);

    expect(got).toHaveLength(18);
  });

  it.each<[string, Answer]>([
    ["hangs", () => new Promise(() => undefined)],
    ["refuses", async () => ({ ...OK, status: 503 })],
    ["resets", () => Promise.reject(new Error("reset"))],
    ["asks for patience", async () => ({ ...OK, status: 429, headers: { "retry-after": "3600" } })],
  ])("reach another destination while one %s", async (_, failing) => {
    answer = failing;
    await connect(OTHER_HOST);
    await send(names("beside", 50));

    await arrived(OTHER_HOST, 50);

    expect([idsAt(OTHER_HOST).size, idsAt(HOST).size]).toEqual([50, 0]);
  });
});
