import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";

import type { Dial, RawSocket } from "../../../src/deliver/postgres/raw-socket.ts";
import { dial } from "../../../src/egress/guarded-connect.ts";

/**
 * Opens Node's sockets in the shape of workerd's, behind the same guard. `ca` is whom to trust in
 * TLS besides those whom everybody trusts.
 */
export function nodeDial(ca?: string): Dial {
  return (context, target, options) =>
    dial(
      (address): RawSocket => {
        const { hostname, port } =
          typeof address === "string" ? { hostname: address, port: 0 } : address;
        return rawSocket(connect({ host: hostname, port }), "connect", ca);
      },
      context,
      target,
      options,
    );
}

type WebStreams = {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
};

function rawSocket(socket: Socket, openEvent: string, ca: string | undefined): RawSocket {
  const opened = new Promise<void>((resolve, reject) => {
    socket.once(openEvent, resolve);
    socket.once("error", reject);
  });
  opened.catch(() => undefined);
  let streams: WebStreams | undefined;
  // Made when first asked for: a socket that goes over to TLS must not be read before.
  const web = (): WebStreams => (streams ??= Duplex.toWeb(socket) as unknown as WebStreams);
  return {
    opened,
    get readable() {
      return web().readable;
    },
    get writable() {
      return web().writable;
    },
    close: async () => {
      socket.destroy();
    },
    startTls: (tls) => {
      const host = tls?.expectedServerHostname ?? "";
      const secured = connectTls({ socket, host, ...(ca === undefined ? {} : { ca }) });
      return rawSocket(secured, "secureConnect", ca);
    },
  };
}
