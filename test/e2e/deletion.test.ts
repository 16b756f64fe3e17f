import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

const HOST = "sink.example.com";
/** Occurs nowhere else, so that it can be looked for as bytes. */
const USER = "forget-me-7f3a91";
const OTHERS = [`${USER}0`, `x${USER}`, USER.toUpperCase()];
const WAIT = { timeout: 60_000, interval: 200 };

describe("a deletion", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;
  let asked: Record<string, unknown>[] = [];

  /** Takes no event, so that all become dead letters; forgets whom it is asked to. */
  const sink = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const body = JSON.parse(request.body.toString("utf8")) as Record<string, unknown>;
    asked.push(body);
    const status = body["type"] === "delete" ? 200 : 400;
    return { status, headers: {}, body: Buffer.alloc(0) };
  };

  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "2" }, outbound: { [HOST]: sink } });
    homeport = openHomeport(stack);
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    asked = [];
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
      name: "Sink",
      slug: "webhook",
      sourceId: source.id,
      settings: { url: `https://${HOST}/in`, secret: "sixteen characters at least" },
      hosts: [HOST],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
  });

  async function send(userIds: readonly string[]): Promise<void> {
    const batch = userIds.map((userId) => ({ type: "track", event: "Seen", userId }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answered = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    expect(answered.status).toBe(200);
  }

  async function forget(regulationType: string): Promise<string> {
    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/regulations", {
      regulationType,
      subjectType: "USER_ID",
      subjectIds: [USER],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return String(made.body["id"]);
  }

  async function regulation(id: string): Promise<Readonly<Record<string, unknown>>> {
    const path = `/api/v1/regulations/${id}`;
    return (await homeport.api(source.workspace.token, "GET", path)).body;
  }

  async function finished(id: string): Promise<Readonly<Record<string, unknown>>> {
    return vi.waitFor(async () => {
      const found = await regulation(id);
      expect(["INITIALIZED", "RUNNING"]).not.toContain(found["status"]);
      return found;
    }, WAIT);
  }

  /** Waits until the dead letters of that many events are in files. */
  async function deadLetters(events: number): Promise<void> {
    await vi.waitFor(async () => {
      const files = await homeport.files(source);
      const dead = files.filter(({ key }) => key.includes("/dead-letters/"));
      expect(dead.reduce((sum, { lines }) => sum + lines.length, 0)).toBe(events);
    }, WAIT);
  }

  async function lines(): Promise<readonly string[]> {
    return (await homeport.files(source)).flatMap(({ text }) => text.split("\n").filter(Boolean));
  }

  it("leaves no line of the user in any file, and every other line as it was", async () => {
    await send([USER, ...OTHERS]);
    await homeport.settledEvents(source);
    await send([USER, OTHERS[0] ?? ""]);
    await homeport.settledEvents(source);
    await deadLetters(asked.length);
    const before = await lines();

    const { status, parts } = await finished(await forget("SUPPRESS_WITH_DELETE"));

    const quoted = JSON.stringify(USER);
    expect(await lines()).toEqual(before.filter((line) => !line.includes(quoted)));
    expect(before.filter((line) => line.includes(quoted)).length).toBeGreaterThanOrEqual(4);
    expect([status, JSON.stringify(parts)]).toEqual([
      "FINISHED",
      expect.stringContaining("webhook"),
    ]);
    expect(asked.filter(({ type }) => type === "delete")).toMatchObject([{ userId: USER }]);
  });

  it("goes on by itself after kills, and stores nothing of the user that comes later", async () => {
    await send([USER, ...OTHERS]);
    const id = await forget("SUPPRESS_WITH_DELETE");
    for (const delayMs of [0, 150, 400]) {
      await pause(delayMs);
      await stack.kill();
      await stack.restart();
    }

    expect((await finished(id))["status"]).toBe("FINISHED");

    await send([USER, "after"]);
    const users = (await homeport.settledEvents(source)).map((event) => event["userId"]);
    expect(new Set(users)).toEqual(new Set([...OTHERS, "after"]));
    expect(users).toHaveLength(OTHERS.length + 1);
    expect(await homeport.counters(source)).toMatchObject({ "refused suppressed": 1 });
  });
});
