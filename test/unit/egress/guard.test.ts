import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { egress, type EgressContext } from "../../../src/egress/guard.ts";
import type { HostRule } from "../../../src/egress/host-rules.ts";

type Seen = { readonly path: string; readonly headers: Readonly<Record<string, unknown>> };

/** Two hosts on this machine: one that the rules name and one that they do not. */
let servers: Server[];
let seen: Seen[];
let base: string;
let elsewhere: string;

beforeEach(async () => {
  seen = [];
  servers = [makeServer(), makeServer()];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  const [own, other] = servers.map((server) => (server.address() as AddressInfo).port);
  base = `http://127.0.0.1:${own}`;
  elsewhere = `http://127.0.0.1:${other}`;
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Answers with a redirect to what stands in `?to=`. */
function makeServer(): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    seen.push({ path: `${request.method} ${url.pathname}`, headers: request.headers });
    const to = url.searchParams.get("to");
    response.writeHead(to === null ? 200 : 302, to === null ? {} : { location: to });
    response.end("answer");
  });
}

function ruleOf(url: string): HostRule {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), level: "development" };
}

function context(changes: Partial<EgressContext> = {}): EgressContext {
  return {
    region: "eu",
    purpose: "archive",
    rules: [ruleOf(base)],
    development: true,
    ...changes,
  };
}

/** Everything that is told of a context's requests, as lines. */
function notes(): { readonly told: string[]; readonly observe: EgressContext["observe"] } {
  const told: string[] = [];
  return {
    told,
    observe: {
      sending: ({ host, purpose }, level, bytes) =>
        void told.push(`sending ${bytes} to ${host} for ${purpose}: ${level}`),
      refused: ({ host, purpose }, reason) =>
        void told.push(`refused ${host} for ${purpose}: ${reason}`),
      sent: (_, bytes) => void told.push(`sent ${bytes}`),
      received: (_, bytes) => void told.push(`received ${bytes}`),
    },
  };
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function paths(): readonly string[] {
  return seen.map(({ path }) => path);
}

describe("egress()", () => {
  it("sends a request that a rule allows", async () => {
    const answer = await egress(context(), new Request(`${base}/a`));

    expect(answer.ok && (await answer.value.text())).toBe("answer");
  });

  it("sends nothing that no rule allows", async () => {
    const answer = await egress(context(), new Request(`${elsewhere}/a`));

    expect(answer).toEqual({
      ok: false,
      error: { kind: "host-not-allowed", host: hostOf(elsewhere) },
    });
    expect(seen).toEqual([]);
  });

  it("looks for credentials in a URL that came around Request", async () => {
    const withUser = { url: `http://user@${hostOf(base)}/`, headers: new Headers() } as Request;

    const answer = await egress(context(), withUser);

    expect([answer.ok, seen]).toEqual([false, []]);
  });

  it("tells of a contact before, and of the bytes of its answer after", async () => {
    const { told, observe } = notes();
    const request = new Request(`${base}/a?user=someone`, { method: "PUT", body: "12345" });

    const answer = await egress(context({ ...(observe && { observe }) }), request, {
      bodyBytes: 5,
    });
    await (answer.ok ? answer.value.text() : undefined);

    expect(told).toEqual([`sending 5 to ${hostOf(base)} for archive: development`, "received 6"]);
  });

  it("sends nothing until the evidence of it is kept", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { observe } = notes();
    const slow = { ...observe, sending: () => promise } as EgressContext["observe"];
    const answer = egress(context({ ...(slow && { observe: slow }) }), new Request(`${base}/a`));
    await new Promise((done) => setTimeout(done, 50));
    const before = paths();
    resolve();
    await answer;

    expect([before, paths()]).toEqual([[], ["GET /a"]]);
  });

  it("sends nothing when the evidence of it cannot be kept", async () => {
    const { observe } = notes();
    const full = {
      ...observe,
      sending: () => Promise.reject(new Error("no room")),
    } as EgressContext["observe"];

    const answer = egress(context({ ...(full && { observe: full }) }), new Request(`${base}/a`));

    await expect(answer).rejects.toThrow("no room");
    expect(seen).toEqual([]);
  });

  it("tells of a refusal, by host, purpose and reason only", async () => {
    const { told, observe } = notes();

    await egress(context({ ...(observe && { observe }) }), new Request(`${elsewhere}/a?user=x`));

    expect(told).toEqual([`refused ${hostOf(elsewhere)} for archive: host-not-allowed`]);
  });
});

describe("a redirect", () => {
  it("is not followed unless the context says so", async () => {
    const answer = await egress(context(), new Request(`${base}/a?to=/b`));

    expect(answer).toEqual({ ok: false, error: { kind: "redirected", host: hostOf(base) } });
    expect(paths()).toEqual(["GET /a"]);
  });

  it("is followed to what the rules allow", async () => {
    const following = context({ followRedirects: 1 });

    const answer = await egress(following, new Request(`${base}/a?to=/b`));

    expect([answer.ok, paths()]).toEqual([true, ["GET /a", "GET /b"]]);
  });

  it("is not followed to what they do not allow, and told as a refusal", async () => {
    const { told, observe } = notes();
    const following = context({ followRedirects: 3, ...(observe && { observe }) });

    const answer = await egress(following, new Request(`${base}/a?to=${elsewhere}/b`));

    expect(answer.ok).toBe(false);
    expect(paths()).toEqual(["GET /a"]);
    expect(told.at(-1)).toBe(`refused ${hostOf(elsewhere)} for archive: host-not-allowed`);
  });

  it("is followed no further than the context says", async () => {
    const following = context({ followRedirects: 1 });

    const answer = await egress(following, new Request(`${base}/a?to=/b%3Fto=/c`));

    expect(answer.ok ? undefined : answer.error.kind).toBe("too-many-redirects");
    expect(paths()).toEqual(["GET /a", "GET /b"]);
  });

  it("leaves keys, signatures and cookies behind when it goes to another host", async () => {
    const both = context({ followRedirects: 1, rules: [ruleOf(base), ruleOf(elsewhere)] });
    const headers = {
      authorization: "Bearer secret",
      cookie: "session=secret",
      "x-amz-security-token": "secret",
      "x-api-key": "secret",
      accept: "text/csv",
    };

    await egress(both, new Request(`${base}/a?to=${elsewhere}/b`, { headers }));

    expect(JSON.stringify(seen[0]?.headers)).toContain("secret");
    expect(JSON.stringify(seen[1]?.headers)).not.toContain("secret");
    expect(seen[1]?.headers).toMatchObject({ accept: "text/csv" });
  });

  it("of a request with a body is never followed", async () => {
    const following = context({ followRedirects: 1 });
    const request = new Request(`${base}/a?to=/b`, { method: "POST", body: "events" });

    const answer = await egress(following, request);

    expect(answer.ok ? undefined : answer.error.kind).toBe("redirected");
    expect(paths()).toEqual(["POST /a"]);
  });

  it("is shown to a caller that asks to see it", async () => {
    const request = new Request(`${base}/a?to=/b`);

    const answer = await egress(context(), request, { showRedirect: true });

    expect(answer.ok && answer.value.headers.get("location")).toBe("/b");
  });
});
