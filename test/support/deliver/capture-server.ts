import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type CapturedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** What a server does with a request: answers, hangs until it is stopped, or resets the connection. */
export type CapturedAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "reset";

export type CaptureServer = {
  readonly url: string;
  readonly requests: CapturedRequest[];
  /** What the next requests get; 200 for each once they are used up. */
  readonly answers: CapturedAnswer[];
  readonly stop: () => Promise<void>;
};

/** An HTTP server on the loopback address that keeps what it is sent. */
export async function startCaptureServer(): Promise<CaptureServer> {
  const requests: CapturedRequest[] = [];
  const answers: CapturedAnswer[] = [];
  const server = createServer((message, response) => {
    void (async () => {
      const { method = "", url: path = "", headers } = message;
      const parts: Buffer[] = [];
      for await (const part of message) parts.push(part as Buffer);
      requests.push({ method, path, headers, body: Buffer.concat(parts).toString("utf8") });
      const answer = answers.shift() ?? { status: 200 };
      if (answer === "hang") return;
      if (answer === "reset") message.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end("answer");
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answers,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
