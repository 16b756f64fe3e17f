import { setTimeout as pause } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { runInEgress } from "../../../src/egress/current-context.ts";
import type { EgressContext } from "../../../src/egress/guard.ts";
import { dial, guardConnect, type Connect } from "../../../src/egress/guarded-connect.ts";
import { EgressRefused, guardedFetch } from "../../../src/egress/guarded-fetch.ts";
import { refuseWay } from "../../../src/egress/refuse-way.ts";
import { declaredHost } from "../../../src/egress/region-hosts.ts";

const URL_IN = "https://api.example.de/v1";
const URL_OUT = "https://api.example.com/v1";
let told: string[];
let sent: Request[];
let context: EgressContext;

beforeEach(() => {
  told = [];
  sent = [];
  context = {
    region: "eu",
    purpose: "delivery",
    rules: [declaredHost("api.example.de"), declaredHost("db.example.de", 5432)],
    development: false,
    observe: {
      sending: ({ host }, _, bytes) => void told.push(`sending ${bytes} to ${host}`),
      refused: ({ host }, reason) => void told.push(`refused ${host}: ${reason}`),
      sent: (_, bytes) => void told.push(`sent ${bytes}`),
      received: (_, bytes) => void told.push(`received ${bytes}`),
    },
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const request = input as Request;
    sent.push(request);
    await request.arrayBuffer();
    return new Response("four", { headers: { "content-length": "4" } });
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("guardedFetch()", () => {
  it("throws outside of any context and sends nothing", async () => {
    await expect(guardedFetch(URL_IN)).rejects.toThrow("egress_without_context");
    expect(sent).toEqual([]);
  });

  it("sends what the context allows", async () => {
    const answer = await runInEgress(context, () => guardedFetch(URL_IN));

    expect(await answer.text()).toBe("four");
    expect(told).toEqual(["sending 0 to api.example.de", "received 4"]);
  });

  it("keeps its context across waiting, timers and streams", async () => {
    const answer = await runInEgress(context, async () => {
      await pause(5);
      await new Blob(["x"]).stream().getReader().read();
      return new Promise<Response>((resolve, reject) => {
        setTimeout(() => void guardedFetch(URL_IN).then(resolve, reject), 5);
      });
    });

    expect(answer.status).toBe(200);
  });

  it("knows no context of work that runs beside it", async () => {
    const beside = runInEgress(context, () => pause(20));

    await expect(guardedFetch(URL_IN)).rejects.toThrow("egress_without_context");
    await beside;
  });

  it("refuses as a network that is down would, without a word of the request", async () => {
    const refused = await runInEgress(context, () => guardedFetch(URL_OUT)).catch(
      (error: unknown) => error,
    );

    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as EgressRefused).message).toBe("egress_refused: host-not-allowed");
    expect([told, sent]).toEqual([["refused api.example.com: host-not-allowed"], []]);
  });

  it.each<[string, RequestInit["body"], number]>([
    ["text", "späte", 6],
    ["bytes", new Uint8Array(7), 7],
    ["a form", new URLSearchParams({ a: "1" }), 3],
    ["a blob", new Blob(["12345"]), 5],
  ])("counts the bytes of %s", async (_, body, bytes) => {
    await runInEgress(context, () => guardedFetch(URL_IN, { method: "POST", body: body ?? null }));

    expect(told[0]).toBe(`sending ${bytes} to api.example.de`);
  });

  it("counts a body of unknown length while it is sent", async () => {
    const init = { method: "POST", body: new Blob(["123456"]).stream(), duplex: "half" };

    await runInEgress(context, () => guardedFetch(URL_IN, init as RequestInit));

    expect(told.slice(0, 2)).toEqual(["sending 0 to api.example.de", "sent 6"]);
  });
});

describe("guardConnect()", () => {
  const opened: string[] = [];
  const connect = guardConnect(((target: { hostname: string; port: number }) => {
    opened.push(`${target.hostname}:${target.port}`);
    return {};
  }) as Connect<unknown>);

  beforeEach(() => {
    opened.length = 0;
  });

  it("throws outside of any context and opens nothing", () => {
    expect(() => connect("db.example.de:5432")).toThrow("egress_without_context");
    expect(opened).toEqual([]);
  });

  it.each(["db.example.de:5432", { hostname: "db.example.de", port: 5432 }])(
    "opens %j, which the context allows",
    (address) => {
      runInEgress(context, () => connect(address));

      expect([opened, told]).toEqual([["db.example.de:5432"], ["sending 0 to db.example.de:5432"]]);
    },
  );

  it.each([
    ["db.example.com:5432", "refused db.example.com:5432: host-not-allowed"],
    ["db.example.de:25", "refused db.example.de:25: host-not-allowed"],
    ["db.example.de", "refused db.example.de:0: host-not-allowed"],
    ["[::1]:5432", "refused [::1]:5432: private-address"],
  ])("refuses %j", (address, wanted) => {
    expect(() => runInEgress(context, () => connect(address))).toThrow(EgressRefused);
    expect([opened, told]).toEqual([[], [wanted]]);
  });
});

describe("dial()", () => {
  const target = { hostname: "db.example.de", port: 5432 };

  it("opens a socket only after the evidence of it is kept", async () => {
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const observe = { ...context.observe, sending: () => promise } as EgressContext["observe"];
    const opening = dial(
      () => void order.push("opened"),
      {
        ...context,
        ...(observe && { observe }),
      },
      target,
    );
    await pause(5);
    order.push("on disk");
    resolve();
    await opening;

    expect(order).toEqual(["on disk", "opened"]);
  });

  it("refuses as a value what the context does not allow", async () => {
    const opened: string[] = [];

    const answer = await dial(() => void opened.push("opened"), context, { ...target, port: 25 });

    expect(answer).toEqual({
      ok: false,
      error: { kind: "host-not-allowed", host: "db.example.de:25" },
    });
    expect([opened, told]).toEqual([[], ["refused db.example.de:25: host-not-allowed"]]);
  });
});

describe("refuseWay()", () => {
  it.each<[unknown, string]>([
    ["https://api.example.com/v1?user=1", "api.example.com"],
    [new URL("wss://api.example.com:8443/"), "api.example.com:8443"],
    [{ hostname: "db.example.com", port: 5432 }, "db.example.com:5432"],
    [{ host: "db.example.com" }, "db.example.com"],
    [5432, "unknown"],
  ])("writes down the host of %o", (target, host) => {
    expect(() => runInEgress(context, () => refuseWay(target))).toThrow(EgressRefused);
    expect(told).toEqual([`refused ${host}: way-not-offered`]);
  });
});
