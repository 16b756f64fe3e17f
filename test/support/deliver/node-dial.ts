import { setTimeout as pause } from "node:timers/promises";
import { connect, type Socket } from "node:net";
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

/** The same, where pieces come together that follow each other within `withinMs`. */
export function gatheringDial(withinMs: number): Dial {
  const open = nodeDial();
  return async (context, target, options) => {
    const opened = await open(context, target, options);
    if (!opened.ok) return opened;
    const { readable, ...socket } = opened.value;
    return { ok: true, value: { ...socket, readable: gathered(readable, withinMs) } };
  };
}

function gathered(pieces: ReadableStream<Uint8Array>, withinMs: number) {
  const reader = pieces.getReader();
  let next = reader.read();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const parts: Uint8Array[] = [];
        for (let found = await next; ;) {
          if (found.done) break;
          parts.push(found.value);
          next = reader.read();
          const later = await Promise.race([next, pause(withinMs)]);
          if (later === undefined) break;
          found = later;
        }
        if (parts.length > 0) controller.enqueue(new Uint8Array(Buffer.concat(parts)));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function rawSocket(socket: Socket, openEvent: string, ca: string | undefined): RawSocket {
  const opened = new Promise<void>((resolve, reject) => {
    socket.once(openEvent, resolve);
    socket.once("error", reject);
  });
  opened.catch(() => undefined);
  return {
    opened,
    readable: readableOf(socket),
    writable: writableOf(socket),
    close: async () => {
      socket.destroy();
    },
    startTls: (tls) => {
      socket.removeAllListeners("data");
      const host = tls?.expectedServerHostname ?? "";
      const secured = connectTls({ socket, host, ...(ca === undefined ? {} : { ca }) });
      return rawSocket(secured, "secureConnect", ca);
    },
  };
}

/** Reads on only when it is asked to, so that nothing is read before a socket goes over to TLS. */
function readableOf(socket: Socket): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        socket.once("close", () => {
          try {
            controller.close();
          } catch {
            // It has failed before.
          }
        });
        socket.once("error", (error) => controller.error(error));
      },
      pull: (controller) =>
        new Promise<void>((resolve) => {
          const take = (part: Buffer): void => {
            socket.pause();
            socket.off("close", resolve);
            controller.enqueue(new Uint8Array(part));
            resolve();
          };
          socket.once("data", take);
          socket.once("close", resolve);
          socket.resume();
        }),
    },
    { highWaterMark: 0 },
  );
}

function writableOf(socket: Socket): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (part) =>
      new Promise<void>((resolve, reject) => {
        socket.write(part, (error) => (error == null ? resolve() : reject(error)));
      }),
    close: () => {
      socket.end();
    },
  });
}
