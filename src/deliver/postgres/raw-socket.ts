import type { Result } from "../../core/result.ts";
import type { EgressContext, EgressRefusal } from "../../egress/guard.ts";
import type { SocketTarget } from "../../egress/guarded-connect.ts";

/** The part of a socket of `cloudflare:sockets` that a database needs. */
export type RawSocket = {
  readonly opened: Promise<unknown>;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
  startTls(options?: { readonly expectedServerHostname?: string }): RawSocket;
};

/** Opens a socket under the egress guard. */
export type Dial = (
  context: EgressContext,
  target: SocketTarget,
  options: unknown,
) => Promise<Result<RawSocket, EgressRefusal>>;

export type DatabaseHost = {
  readonly host: string;
  readonly port: number;
  readonly useTls: boolean;
};

/** What a Postgres server is asked before anything else: 8 bytes, and the code of SSLRequest. */
const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = "S".charCodeAt(0);

/** Why there is no connection although a server may be there; later attempts cannot change it. */
export class NotConnected extends Error {
  readonly reason: "refused-by-guard" | "no-tls";

  constructor(reason: NotConnected["reason"]) {
    super(`Cannot connect to the database: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Opens a socket to a Postgres server. With TLS it asks the server for it first, as Postgres's
 * protocol wants, and whoever answers has to show a certificate of that host's name; a server
 * without TLS is never talked to in the clear.
 *
 * @throws NotConnected, or a network error.
 */
export async function openDatabaseSocket(
  dial: Dial,
  context: EgressContext,
  { host, port, useTls }: DatabaseHost,
): Promise<RawSocket> {
  const options = { secureTransport: useTls ? "starttls" : "off", allowHalfOpen: false };
  const dialled = await dial(context, { hostname: host, port }, options);
  if (!dialled.ok) throw new NotConnected("refused-by-guard");
  const socket = dialled.value;
  await socket.opened;
  if (!useTls) return socket;
  try {
    if (!(await offersTls(socket))) throw new NotConnected("no-tls");
  } catch (error) {
    await socket.close().catch(() => undefined);
    throw error;
  }
  const secured = socket.startTls({ expectedServerHostname: host });
  await secured.opened;
  return secured;
}

async function offersTls(socket: RawSocket): Promise<boolean> {
  const writer = socket.writable.getWriter();
  await writer.write(SSL_REQUEST);
  writer.releaseLock();
  const reader = socket.readable.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  // More than the one byte would be what somebody in between put there before TLS began.
  return value?.byteLength === 1 && value[0] === YES;
}
