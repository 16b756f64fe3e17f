import { expect, vi } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import type { Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "./homeport.ts";

/** Where the destination of these tests is. */
export const SINK_HOST = "sink.example.com";

const WAIT = { timeout: 90_000, interval: 100 };

export type Json = Readonly<Record<string, unknown>>;

/** Stands for a destination that takes what it is sent, or nothing at all, and forgets users. */
export class Sink {
  readonly got: Json[] = [];
  readonly forgot: Json[] = [];
  /** Refuses events, so that they become dead letters. */
  takesEvents = true;
  /** Called before an answer is given. */
  before: (body: Json) => Promise<void> = async () => undefined;

  readonly answer = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const body = JSON.parse(request.body.toString("utf8")) as Json;
    const isDelete = body["type"] === "delete";
    (isDelete ? this.forgot : this.got).push(body);
    await this.before(body);
    const status = isDelete || this.takesEvents ? 200 : 400;
    return { status, headers: {}, body: Buffer.alloc(0) };
  };
}

/** A source with a destination, and users who want to be forgotten. */
export class ForgettingWorld {
  readonly homeport: Homeport;
  readonly source: TestSource;
  readonly destinationId: string;
  readonly #stack: Stack;

  private constructor(stack: Stack, homeport: Homeport, source: TestSource, destinationId: string) {
    this.#stack = stack;
    this.homeport = homeport;
    this.source = source;
    this.destinationId = destinationId;
  }

  static async make(stack: Stack): Promise<ForgettingWorld> {
    const homeport = openHomeport(stack);
    const source = await homeport.createSource(await homeport.createWorkspace("eu"));
    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
      name: "Sink",
      slug: "webhook",
      sourceId: source.id,
      settings: { url: `https://${SINK_HOST}/in`, secret: "sixteen characters at least" },
      hosts: [SINK_HOST],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { id } = made.body["destination"] as { readonly id: string };
    return new ForgettingWorld(stack, homeport, source, id);
  }

  /** Sends events as JSON texts, so that they may be written in any way. */
  async sendTexts(events: readonly string[]): Promise<void> {
    const body = `{"writeKey":"${this.source.writeKey}","batch":[${events.join(",")}]}`;
    const answered = await fetch(`${this.#stack.url}/v1/batch`, { method: "POST", body });
    expect(answered.status).toBe(200);
  }

  async send(userIds: readonly string[]): Promise<void> {
    await this.sendTexts(
      userIds.map((userId) => JSON.stringify({ type: "track", event: "Seen", userId })),
    );
  }

  async api(method: string, path: string, body?: unknown): Promise<Json> {
    const answered = await this.homeport.api(this.source.workspace.token, method, path, body);
    expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
    return answered.body;
  }

  async forget(subjectIds: readonly string[], changes: Json = {}): Promise<string> {
    const made = await this.api("POST", "/api/v1/regulations", {
      regulationType: "SUPPRESS_WITH_DELETE",
      subjectType: "USER_ID",
      subjectIds,
      ...changes,
    });
    return String(made["id"]);
  }

  async regulation(id: string): Promise<Json> {
    return this.api("GET", `/api/v1/regulations/${id}`);
  }

  /** Waits until the request is in that step. */
  async reaches(id: string, step: string): Promise<void> {
    await vi.waitFor(async () => expect((await this.regulation(id))["step"]).toBe(step), WAIT);
  }

  async finished(id: string): Promise<Json> {
    return vi.waitFor(async () => {
      const found = await this.regulation(id);
      expect(["INITIALIZED", "RUNNING"]).not.toContain(found["status"]);
      return found;
    }, WAIT);
  }

  /** The lines of all files below the source's prefix, as AWS's own client reads them. */
  async lines(): Promise<readonly string[]> {
    return (await this.homeport.files(this.source)).flatMap(({ text }) =>
      text.split("\n").filter(Boolean),
    );
  }

  /** Waits until that many dead letters are in files. */
  async deadLetters(events: number): Promise<void> {
    await vi.waitFor(async () => {
      const files = await this.homeport.files(this.source);
      const dead = files.filter(({ key }) => key.includes("/dead-letters/"));
      expect(dead.reduce((sum, { lines }) => sum + lines.length, 0)).toBe(events);
    }, WAIT);
  }

  async replay(changes: Json = {}): Promise<string> {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const { id: sourceId } = this.source;
    const body = { sourceId, destinationId: this.destinationId, from, ...changes };
    const made = await this.api("POST", "/api/v1/replays", body);
    return (made["replay"] as { readonly id: string }).id;
  }

  async replayed(id: string): Promise<void> {
    await vi.waitFor(async () => {
      const { replay } = await this.api("GET", `/api/v1/replays/${id}`);
      expect(replay).toMatchObject({ state: "done" });
    }, WAIT);
  }
}
