import { request as httpRequest } from "node:http";
import { Response, type Request } from "miniflare";

/** One request that the Worker sent out of itself, wherever it was meant to go. */
export type OutboundCall = {
  readonly number: number;
  /** Host and port as the Worker asked for them. */
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** With its question mark; empty when there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** 0 when there was no answer. */
  readonly status: number;
  /** `refused` went nowhere: no route was set for its host. */
  readonly outcome: "routed" | "refused" | "failed";
};

/** A whole request, as a stand-in for a vendor sees it. */
export type OutboundRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

export type OutboundAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Where requests for a host go: to a base URL on this machine, or to a function. */
export type Route = string | ((request: OutboundRequest) => Promise<OutboundAnswer>);

/** Node refuses a body with these, so none is passed on. */
const BODILESS_STATUSES = [101, 204, 205, 304];
const REFUSED: OutboundAnswer = { status: 403, headers: {}, body: Buffer.alloc(0) };
const BETWEEN_NEIGHBOURS = /^(connection|keep-alive|transfer-encoding|content-length)$/;

/**
 * Stands for the whole internet: every request of the Worker comes here, is recorded, and goes on
 * only to a host that has a route. The rest is refused.
 */
export class Recorder {
  readonly #routes: ReadonlyMap<string, Route>;
  #calls: OutboundCall[] = [];
  #next = 1;

  constructor(routes: ReadonlyMap<string, Route>) {
    this.#routes = routes;
  }

  /** What was sent so far, oldest first. */
  calls(): readonly OutboundCall[] {
    return this.#calls;
  }

  clear(): void {
    this.#calls = [];
  }

  /** Miniflare's `outboundService`. */
  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const outbound: OutboundRequest = {
      method: request.method,
      url,
      headers: { ...Object.fromEntries(request.headers), host: url.host },
      body: Buffer.from(await request.arrayBuffer()),
    };
    const route = this.#routes.get(url.host);
    if (route === undefined) {
      this.#record(outbound, REFUSED, "refused");
      return toResponse(REFUSED);
    }
    try {
      const answer = await (typeof route === "string" ? passTo(route, outbound) : route(outbound));
      this.#record(outbound, answer, "routed");
      return toResponse(answer);
    } catch (error) {
      this.#record(outbound, { ...REFUSED, status: 0 }, "failed");
      // The Worker's fetch has to fail as on a broken connection, not to see an answer.
      throw error;
    }
  }

  #record(
    request: OutboundRequest,
    answer: OutboundAnswer,
    outcome: OutboundCall["outcome"],
  ): void {
    this.#calls.push({
      number: this.#next,
      host: request.url.host,
      method: request.method,
      path: request.url.pathname,
      query: request.url.search,
      headers: request.headers,
      requestBytes: request.body.length,
      responseBytes: answer.body.length,
      status: answer.status,
      outcome,
    });
    this.#next += 1;
  }
}

/** Sends the request on with every header as it was signed, the host among them. */
export function passTo(baseUrl: string, request: OutboundRequest): Promise<OutboundAnswer> {
  const { hostname, port } = new URL(baseUrl);
  const { method, url, body } = request;
  const kept = Object.entries(request.headers).filter(([name]) => !BETWEEN_NEIGHBOURS.test(name));
  const headers = { ...Object.fromEntries(kept), "content-length": String(body.length) };
  const path = url.pathname + url.search;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 500,
          headers: Object.fromEntries(
            Object.entries(response.headers).flatMap(([name, value]) =>
              typeof value === "string" && !BETWEEN_NEIGHBOURS.test(name) ? [[name, value]] : [],
            ),
          ),
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function toResponse({ status, headers, body }: OutboundAnswer): Response {
  const hasBody = body.length > 0 && !BODILESS_STATUSES.includes(status);
  return new Response(hasBody ? body : null, { status, headers });
}
