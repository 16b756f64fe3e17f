import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { egress, type EgressContact, type EgressContext } from "../../../src/egress/guard.ts";

let server: Server;
let base: string;
let host: string;
let requests: string[];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const isMoved = request.url === "/moved";
    response.writeHead(isMoved ? 302 : 200, isMoved ? { location: "/elsewhere" } : {});
    response.end("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  base = `http://${host}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function context(changes: Partial<EgressContext> = {}): EgressContext {
  return {
    region: "eu",
    purpose: "archive",
    allowed: new Set([host]),
    development: true,
    ...changes,
  };
}

describe("egress()", () => {
  it("sends a request to a host that is allowed", async () => {
    const answer = await egress(context(), new Request(`${base}/a`));

    expect(answer.ok && (await answer.value.text())).toBe("answer");
  });

  it.each([
    ["host-not-allowed", { allowed: new Set<string>() }, "http://127.0.0.1:1/"],
    ["host-not-allowed", { allowed: new Set(["127.0.0.1"]) }, undefined],
    ["not-https", { development: false }, undefined],
    [
      "not-https",
      { allowed: new Set(["s3.eu-west-1.amazonaws.com"]) },
      "http://s3.eu-west-1.amazonaws.com/",
    ],
    ["credentials-in-url", {}, "credentials"],
  ])("refuses with %s and %o, and sends nothing", async (kind, changes, url) => {
    // Request itself refuses a URL with a user in it, so that one is planted behind its back.
    const target = new Request(url === undefined || url === "credentials" ? base : url);
    const withUser = { url: `http://user@${host}/` } as Request;
    const answer = await egress(context(changes), url === "credentials" ? withUser : target);

    expect([answer.ok ? undefined : answer.error.kind, requests]).toEqual([kind, []]);
  });

  it("follows no redirect", async () => {
    const answer = await egress(context(), new Request(`${base}/moved`));

    expect([answer.ok ? undefined : answer.error.kind, requests]).toEqual([
      "redirected",
      ["GET /moved"],
    ]);
  });

  it("tells of each contact and each refusal, by host and purpose only", async () => {
    const told: EgressContact[] = [];
    const observe = (contact: EgressContact) => void told.push(contact);
    await egress(context({ observe }), new Request(`${base}/a?user=someone`));
    await egress(context({ observe, development: false }), new Request(base));

    expect(told).toEqual([
      { region: "eu", purpose: "archive", host, refused: undefined },
      { region: "eu", purpose: "archive", host, refused: "not-https" },
    ]);
  });
});
