import { createHmac } from "node:crypto";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Deliverer, Delivery } from "../../../src/deliver/deliverer.ts";
import type { DestinationGround } from "../../../src/deliver/destinations.ts";
import { WEBHOOK, webhookDestination } from "../../../src/deliver/webhook.ts";
import { startCaptureServer, type CaptureServer } from "../../support/deliver/capture-server.ts";
import { groundOf } from "../../support/deliver/ground.ts";

const NOW_MS = Date.parse("2026-03-01T10:00:00.500Z");
const SECRET = "a secret of the workspace";
const NEVER = new AbortController().signal;
const EVENTS: readonly Delivery[] = [
  { event: { type: "track", event: "One", userId: "ü" }, idempotencyKey: "key-1" },
  { event: { type: "track", event: "Two", userId: "u2" }, idempotencyKey: "key-2" },
];

let server: CaptureServer;

beforeEach(async () => {
  server = await startCaptureServer();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await server.stop();
});

function make(
  settings: Readonly<Record<string, unknown>> = {},
  over: Partial<DestinationGround> = {},
): Promise<Deliverer> {
  const given = { url: `${server.url}/hook`, secret: SECRET, ...settings };
  return webhookDestination(() => NOW_MS).make(groundOf(given, over));
}

describe("a webhook", () => {
  it("gets one request for each event, in their order", async () => {
    const webhook = await make();

    const outcomes = await webhook.deliver(EVENTS, NEVER);

    expect(outcomes).toEqual([
      { kind: "delivered", status: 200 },
      { kind: "delivered", status: 200 },
    ]);
    expect(
      server.requests.map(({ method, path, body }) => [method, path, JSON.parse(body)]),
    ).toEqual(EVENTS.map(({ event }) => ["POST", "/hook", event]));
    expect(webhook.batch.events).toBe(1);
  });

  it("gets a list where that was asked for", async () => {
    const webhook = await make({ isBatched: true });

    const outcomes = await webhook.deliver(EVENTS, NEVER);

    expect(outcomes).toHaveLength(2);
    expect(server.requests.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      EVENTS.map(({ event }) => event),
    ]);
    expect(webhook.batch.events).toBe(100);
  });

  it.each([
    ["as it is", SECRET, SECRET],
    [
      "in base64",
      `whsec_${btoa("\u0001\u00ffbytes of a key")}`,
      Buffer.from("\u0001\u00ffbytes of a key", "latin1"),
    ],
  ])("can check who sent it, with a secret %s", async (_, secret, key) => {
    await (await make({ secret })).deliver(EVENTS.slice(0, 1), NEVER);

    const [{ headers, body } = { headers: {}, body: "" }] = server.requests;
    const signed = `key-1.1772359200.${body}`;
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": "key-1",
      "webhook-timestamp": "1772359200",
      "webhook-signature": `v1,${createHmac("sha256", key).update(signed).digest("base64")}`,
      "idempotency-key": "key-1",
    });
  });

  it("gets Segment's signature where that was asked for", async () => {
    await (await make({ sharedSecret: "old" })).deliver(EVENTS.slice(0, 1), NEVER);

    const [request] = server.requests;
    const wanted = createHmac("sha1", "old")
      .update(request?.body ?? "")
      .digest("hex");
    expect(request?.headers["x-signature"]).toBe(wanted);
  });

  it("gets, as from Segment, the signature of a list's first event", async () => {
    await (await make({ sharedSecret: "old", isBatched: true })).deliver(EVENTS, NEVER);

    const first = JSON.stringify(EVENTS[0]?.event);
    expect(server.requests[0]?.headers["x-signature"]).toBe(
      createHmac("sha1", "old").update(first).digest("hex"),
    );
  });

  it("sees the same id for a list that is sent again, and another for another list", async () => {
    const webhook = await make({ isBatched: true });

    await webhook.deliver(EVENTS, NEVER);
    await webhook.deliver(EVENTS, NEVER);
    await webhook.deliver(EVENTS.slice(0, 1), NEVER);

    const [first, again, other] = server.requests.map(({ headers }) => headers["idempotency-key"]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("gets the headers that were given", async () => {
    await (await make({ headers: '{"Authorization":"Bearer x"}' })).deliver(EVENTS, NEVER);

    expect(server.requests[0]?.headers.authorization).toBe("Bearer x");
  });

  it("is told to forget a user, with the same id each time", async () => {
    const webhook = await make();

    const outcome = await webhook.forget?.({ userId: "u1" }, NEVER);
    await webhook.forget?.({ userId: "u1" }, NEVER);

    expect(outcome).toEqual({ kind: "delivered", status: 200 });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      type: "delete",
      userId: "u1",
      timestamp: "2026-03-01T10:00:00.500Z",
    });
    expect(server.requests[1]?.headers["webhook-id"]).toBe(
      server.requests[0]?.headers["webhook-id"],
    );
    expect(WEBHOOK.canForget).toBe(true);
  });
});

describe("what a webhook answers", () => {
  it.each([
    [{ status: 204 }, { kind: "delivered", status: 204 }],
    [{ status: 400 }, { kind: "rejected", code: "400" }],
    [{ status: 401 }, { kind: "rejected", code: "401" }],
    [{ status: 501 }, { kind: "rejected", code: "501" }],
    [{ status: 408 }, { kind: "retry", code: "408" }],
    [{ status: 423 }, { kind: "retry", code: "423" }],
    [{ status: 500 }, { kind: "retry", code: "500" }],
    [
      { status: 429, headers: { "retry-after": "7" } },
      { kind: "retry", code: "429", retryAfterMs: 7_000 },
    ],
    [
      { status: 503, headers: { "retry-after": "Sun, 01 Mar 2026 10:00:10 GMT" } },
      { kind: "retry", code: "503", retryAfterMs: 9_500 },
    ],
    [
      { status: 429, headers: { "retry-after": "soon" } },
      { kind: "retry", code: "429" },
    ],
    [
      { status: 302, headers: { location: "/x" } },
      { kind: "rejected", code: "MESSAGE_REJECTED" },
    ],
    ["reset", { kind: "retry", code: "ECONNRESET" }],
  ] as const)("%j is %j", async (answer, wanted) => {
    server.answers.push(answer);

    expect(await (await make()).deliver(EVENTS.slice(0, 1), NEVER)).toEqual([wanted]);
  });

  it("is waited for no longer than 5 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const webhook = await make();
    vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
      const { signal } = input as Request;
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    });
    const settled = vi.fn();
    const delivering = webhook.deliver(EVENTS.slice(0, 1), NEVER).finally(settled);

    await vi.advanceTimersByTimeAsync(4_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(await delivering).toEqual([{ kind: "retry", code: "ETIMEDOUT" }]);
  });

  it("is not waited for once the caller gives up", async () => {
    server.answers.push("hang");
    const ending = new AbortController();
    const delivering = (await make()).deliver(EVENTS.slice(0, 1), ending.signal);
    ending.abort();

    expect(await delivering).toEqual([{ kind: "retry", code: "ETIMEDOUT" }]);
  });
});

describe("a webhook's host", () => {
  it("has to be declared by the workspace", async () => {
    await expect(make({}, { declaredHosts: ["hooks.example.com"] })).rejects.toThrow(
      "url is at a host that was not declared to be in the region",
    );
  });

  it("gets nothing over plain http in production, although it was declared", async () => {
    const webhook = await make({}, { development: false });

    expect(await webhook.deliver(EVENTS.slice(0, 1), NEVER)).toEqual([
      { kind: "rejected", code: "INVALID_SETTINGS" },
    ]);
    expect(server.requests).toEqual([]);
  });
});

describe("a webhook's settings", () => {
  it.each([
    ["url", { url: "" }],
    ["url", { url: "not a url" }],
    ["url", { url: "https://me:secret@example.com/" }],
    ["secret", { secret: undefined }],
    ["secret", { secret: "short" }],
    ["isBatched", { isBatched: "yes" }],
    ["headers", { headers: '{"Webhook-Signature":"x"}' }],
    ["headers", { headers: '{"x-a":"a\\r\\nx-b: b"}' }],
    ["headers", { headers: '{"x a":"b"}' }],
    ["headers", { headers: '{"x-a":1}' }],
    ["headers", { headers: "{hidden" }],
    ["headers", { headers: '["x"]' }],
    ["headers", { headers: { "x-a": "b" } }],
  ])("are refused by the name %s: %j", async (name, settings) => {
    await expect(make(settings)).rejects.toThrow(`Cannot make the destination webhook: ${name} `);
  });

  it("are not quoted when they are refused", async () => {
    await expect(make({ headers: "{hidden" })).rejects.not.toThrow("hidden");
  });
});
