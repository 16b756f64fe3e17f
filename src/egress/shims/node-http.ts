import { refuseWay } from "../refuse-way.ts";

/**
 * Stands for `node:http`, `node:https` and `node:http2` in the bundle: Node's clients are not
 * offered. What libraries do with these modules while they load, such as making an agent, is
 * harmless and works.
 */
export class Agent {
  readonly options: unknown;

  constructor(options?: unknown) {
    this.options = options;
  }

  destroy(): void {
    // No connection was ever made.
  }
}

export class ClientRequest {
  constructor(target: unknown) {
    refuseWay(target);
  }
}

export class IncomingMessage {}
export class OutgoingMessage {}
export class Server {}
export class ServerResponse {}

export function request(target: unknown): never {
  return refuseWay(target);
}

export const get = request;
export const connect = request;

export function createServer(): never {
  return refuseWay(undefined);
}

export const createSecureServer = createServer;
export const globalAgent = new Agent();
export const constants: Readonly<Record<string, number>> = {};
export const METHODS: readonly string[] = [
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
];
export const STATUS_CODES: Readonly<Record<string, string>> = {};
export const maxHeaderSize = 16_384;

export default {
  Agent,
  ClientRequest,
  IncomingMessage,
  METHODS,
  OutgoingMessage,
  STATUS_CODES,
  Server,
  ServerResponse,
  connect,
  constants,
  createSecureServer,
  createServer,
  get,
  globalAgent,
  maxHeaderSize,
  request,
};
