import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Outside, startLeakWorker, type LeakWorker } from "../support/leaks/leak-worker.ts";

/** Ways that the Worker finds by itself; `test/support/leaks/ways-out.ts` holds them. */
const WAYS = [
  "fetch",
  "fetch of a Request",
  "a library that calls fetch",
  "a library that requires Node's http",
  "connect",
  "node:net",
  "node:tls",
  "node:http",
  "node:https",
  "a module of Node's by name",
  "Node's process module",
  "WebSocket",
  "EventSource",
];

let open: LeakWorker;
let guarded: LeakWorker;
/** A host of the region, which the rules allow, and one of the other region. */
let inside: Outside;
let outside: Outside;

beforeAll(async () => {
  [inside, outside] = await Promise.all([Outside.start(), Outside.start()]);
  open = await startLeakWorker("./open.ts", { withAliases: false });
  guarded = await startLeakWorker("./guarded.ts", { withAliases: true });
});

afterAll(async () => {
  await Promise.all([open.stop(), guarded.stop(), inside.stop(), outside.stop()]);
});

beforeEach(() => {
  inside.clear();
  outside.clear();
});

describe.each(WAYS)("a leak by %s", (way) => {
  it("reaches the outside where no guard is, or it would prove nothing", async () => {
    await open.ask({ way, host: outside.host });

    expect(outside.bytes).toBeGreaterThan(0);
  });

  it("is refused, written down, and no byte leaves", async () => {
    const answer = await guarded.ask({ way, host: outside.host, allowed: inside.host });

    expect(outside.connections).toBe(0);
    expect(answer.error).toContain("egress_refused");
    expect(answer.refusals).toHaveLength(1);
    expect(answer.contacts).toEqual([]);
  });

  it("without any region throws, and no byte leaves", async () => {
    const answer = await guarded.ask({ way, host: outside.host });

    expect(outside.connections).toBe(0);
    expect(answer.error).toContain("egress_without_context");
  });
});

describe("a cache, which stands outside the region", () => {
  it("keeps what it is given where no guard is, or it would prove nothing", async () => {
    expect(await open.ask({ way: "a cache", host: outside.host })).toEqual({});
  });

  it("is refused and written down", async () => {
    const answer = await guarded.ask({
      way: "a cache",
      host: outside.host,
      allowed: inside.host,
    });

    expect(answer.error).toContain("egress_refused");
    expect(answer.refusals).toHaveLength(1);
  });
});

describe("a redirect to the other region", () => {
  it("is not followed, and written down", async () => {
    const answer = await guarded.ask({
      way: "a redirect",
      host: outside.host,
      allowed: inside.host,
    });

    expect([inside.connections, outside.connections]).toEqual([1, 0]);
    expect(answer.contacts).toEqual([inside.host]);
    expect(answer.refusals).toEqual([`${outside.host} host-not-allowed`]);
  });
});

describe("a host that the region allows", () => {
  it.each(["fetch", "a library that calls fetch", "connect"])("is reached by %s", async (way) => {
    const answer = await guarded.ask({ way, host: inside.host, allowed: inside.host });

    expect(answer).toEqual({ refusals: [], contacts: [inside.host] });
    expect(inside.bytes).toBeGreaterThan(0);
  });
});
