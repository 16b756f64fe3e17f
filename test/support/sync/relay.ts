import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** An HTTP CONNECT proxy on the loopback address that knows where names stand. */
export type TestRelay = {
  readonly port: number;
  /** Names that were asked for, in order. */
  readonly asked: readonly string[];
  /** All that clients sent through it. */
  readonly passed: () => Buffer;
  readonly stop: () => Promise<void>;
};

/** @param ports where the names that may be asked for stand on this machine; any other is refused. */
export async function startRelay(ports: Readonly<Record<string, number>>): Promise<TestRelay> {
  const asked: string[] = [];
  const passed: Buffer[] = [];
  const server: Server = createServer();
  server.on("connect", ({ url = "" }, client: Duplex) => {
    asked.push(url);
    const port = ports[url];
    if (port === undefined) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const target = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\nVia: 1.1 relay\r\n\r\n");
      client.on("data", (part: Buffer) => passed.push(part));
      client.pipe(target).pipe(client);
    });
    target.on("error", () => client.destroy());
    client.on("error", () => target.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    passed: () => Buffer.concat(passed),
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
