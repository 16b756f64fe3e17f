import { isV4, isV6 } from "../addresses.ts";
import { refuseWay } from "../refuse-way.ts";

/** Stands for `node:net` and `node:tls` in the bundle: sockets of Node's are not offered. */
export class Socket {
  connect(target: unknown): never {
    return refuseWay(target);
  }
}

export class TLSSocket extends Socket {}

export class Server {
  listen(): never {
    return refuseWay(undefined);
  }
}

export function connect(target: unknown, host?: unknown): never {
  return refuseWay(typeof target === "number" ? { port: target, hostname: host } : target);
}

export const createConnection = connect;

export function createServer(): never {
  return refuseWay(undefined);
}

export function createSecureContext(): never {
  return refuseWay(undefined);
}

export function checkServerIdentity(): undefined {
  return undefined;
}

export function isIP(text: string): 0 | 4 | 6 {
  if (isV4(text)) return 4;
  return isV6(text) ? 6 : 0;
}

export const isIPv4 = (text: string): boolean => isV4(text);
export const isIPv6 = (text: string): boolean => isV6(text);
export const rootCertificates: readonly string[] = [];
export const Stream = Socket;

export default {
  Server,
  Socket,
  Stream,
  TLSSocket,
  checkServerIdentity,
  connect,
  createConnection,
  createSecureContext,
  createServer,
  isIP,
  isIPv4,
  isIPv6,
  rootCertificates,
};
