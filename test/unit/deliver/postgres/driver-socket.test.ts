import { describe, expect, it } from "vitest";

import { DriverSocket } from "../../../../src/deliver/postgres/driver-socket.ts";
import type { RawSocket } from "../../../../src/deliver/postgres/raw-socket.ts";

const NO_COUNT = { sent: () => undefined, received: () => undefined };

/** A socket of which nothing comes. */
function silent(closed: () => void): RawSocket {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const socket: RawSocket = {
    opened: Promise.resolve(),
    readable,
    writable,
    close: async () => closed(),
    startTls: () => socket,
  };
  return socket;
}

describe("DriverSocket", () => {
  it("is closed when it is destroyed before the driver listens, who is told of it then", async () => {
    let isClosed = false;
    const socket = new DriverSocket(
      silent(() => (isClosed = true)),
      NO_COUNT,
    );

    socket.destroy();
    const told = new Promise((resolve) => socket.once("error", resolve));

    expect(isClosed).toBe(true);
    await expect(told).resolves.toBeInstanceOf(Error);
  });
});
