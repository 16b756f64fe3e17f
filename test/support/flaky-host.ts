import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of one POST: it is passed on, answered here, or passed on and its answer lost. */
export type Step =
  | "pass"
  | "lose-answer"
  | { readonly status: 429 | 503; readonly retryAfter: string };

/** One POST as it came by. */
export type SeenPost = {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly step: Step;
  /** What Homeport answered; 0 when it was not asked. */
  readonly status: number;
};

/** A tracking host in front of Homeport that is now and then not what one wishes. */
export type FlakyHost = {
  readonly url: string;
  readonly seen: () => readonly SeenPost[];
  readonly stop: () => Promise<void>;
};

type Passed = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

/**
 * Starts a host that treats the POSTs it gets by `steps`, in order, and passes on all that come
 * after those, and everything that is no POST. Homeport sees `target`'s host name.
 */
export async function startFlakyHost(target: string, steps: readonly Step[]): Promise<FlakyHost> {
  const seen: SeenPost[] = [];
  let next = 0;
  const server = createServer((message, response) => {
    void (async () => {
      const body = await readAll(message);
      const step = message.method === "POST" ? (steps[next++] ?? "pass") : "pass";
      const passed = typeof step === "string" ? await pass(target, message, body) : undefined;
      if (message.method === "POST") {
        const { url: path = "", headers } = message;
        seen.push({ path, headers, step, status: passed?.status ?? 0 });
      }
      if (step === "lose-answer") {
        message.socket.destroy();
      } else if (typeof step === "object") {
        response.writeHead(step.status, {
          "retry-after": step.retryAfter,
          "content-type": "application/json",
          "access-control-allow-origin": "*",
          "access-control-expose-headers": "Retry-After",
        });
        response.end('{"success":false,"code":"busy","message":"busy","error":"busy"}');
      } else {
        response.writeHead(passed?.status ?? 502, passed?.headers).end(passed?.body);
      }
    })().catch(() => message.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen: () => seen,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function pass(target: string, message: IncomingMessage, body: Buffer): Promise<Passed> {
  const { hostname, port, host } = new URL(target);
  const headers = { ...message.headers, host, "content-length": String(body.length) };
  const { "transfer-encoding": _chunked, ...sent } = { "transfer-encoding": "", ...headers };
  const options = { hostname, port, path: message.url, headers: sent };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ ...options, method: message.method ?? "GET" }, (answer) => {
      readAll(answer).then((answered) => {
        const { "transfer-encoding": _, ...rest } = answer.headers;
        resolve({ status: answer.statusCode ?? 502, headers: rest, body: answered });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
